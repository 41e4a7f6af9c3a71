// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

/**
 * A copy of the traffic whose response is dropped. The copy's Host gets the suffix {@code -shadow}.
 *
 * @param percent share of requests copied, 0..100
 */
public record Shadow(String cluster, int percent, PathRewrite pathRewrite) {}
