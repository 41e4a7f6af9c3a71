// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

/**
 * How a status writer fares, for metrics.
 *
 * @param leader whether this replica writes
 * @param pending statuses and Events that wait to be written
 * @param written statuses written since the start
 * @param events Events written since the start
 * @param failures calls that failed and were or will be tried again, and refusals
 */
public record StatusHealth(boolean leader, int pending, long written, long events, long failures) {}
