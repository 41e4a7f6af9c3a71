// SPDX-License-Identifier: Apache-2.0
/**
 * What a gateway process tells about itself: the metrics registry and its observers, the access
 * log, traces, and the admin pages that show what is live. Start at {@link
 * io.selvage.gateway.telemetry.GatewayTelemetry}. Knows nothing of how objects are compiled.
 */
@NullMarked
package io.selvage.gateway.telemetry;

import org.jspecify.annotations.NullMarked;
