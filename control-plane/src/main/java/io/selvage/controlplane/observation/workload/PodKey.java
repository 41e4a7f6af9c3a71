// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

/**
 * One pod, and not the one that had its name before.
 *
 * @param uid empty where the source knows none (a folder)
 */
public record PodKey(String namespace, String name, String uid) {}
