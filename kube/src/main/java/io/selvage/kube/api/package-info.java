// SPDX-License-Identifier: Apache-2.0
/**
 * The API server as a source of cluster states: informers over every kind Selvage reads, custom
 * resources as soon as they are installed. Entry point: {@link io.selvage.kube.api.ApiServer}. The
 * client library's types go no further than module {@code kube}.
 */
@NullMarked
package io.selvage.kube.api;

import org.jspecify.annotations.NullMarked;
