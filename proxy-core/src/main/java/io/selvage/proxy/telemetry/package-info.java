// SPDX-License-Identifier: Apache-2.0
/**
 * What is told about an exchange: outcomes, access log, metrics, traces. Label values come from
 * configuration only, never from a request.
 */
@NullMarked
package io.selvage.proxy.telemetry;

import org.jspecify.annotations.NullMarked;
