// SPDX-License-Identifier: Apache-2.0
/**
 * What went through the proxy: counted per event loop, merged for the control plane's reports and
 * for Prometheus, bounded in both.
 */
@NullMarked
package io.selvage.mesh.traffic;

import org.jspecify.annotations.NullMarked;
