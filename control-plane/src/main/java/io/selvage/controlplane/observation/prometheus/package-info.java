// SPDX-License-Identifier: Apache-2.0
/** The same answers out of a Prometheus that scrapes the proxies. */
@NullMarked
package io.selvage.controlplane.observation.prometheus;

import org.jspecify.annotations.NullMarked;
