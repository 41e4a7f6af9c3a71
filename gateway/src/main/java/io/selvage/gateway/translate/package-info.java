// SPDX-License-Identifier: Apache-2.0
/**
 * What a kind's {@link io.selvage.gateway.translate.Processor} works with: the objects and options
 * of one compilation ({@link io.selvage.gateway.translate.CompileContext}), the growing listeners,
 * virtual hosts and clusters, and the resolvers for Services and Secrets. The kinds' processors
 * live in packages below; adding a kind means adding one. Nothing here knows Netty or the
 * Kubernetes client.
 */
@NullMarked
package io.selvage.gateway.translate;

import org.jspecify.annotations.NullMarked;
