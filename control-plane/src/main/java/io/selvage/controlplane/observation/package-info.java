// SPDX-License-Identifier: Apache-2.0
/**
 * What went through the mesh in the last ten minutes: {@link
 * io.selvage.controlplane.observation.Observation} takes the reports of proxies, keeps them in
 * bounded memory, resolves addresses to workloads, and answers who talked to whom and how well it
 * went.
 */
@NullMarked
package io.selvage.controlplane.observation;

import org.jspecify.annotations.NullMarked;
