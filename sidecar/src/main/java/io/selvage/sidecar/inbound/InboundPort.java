// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.inbound;

import io.selvage.proxy.engine.Target;
import io.selvage.sidecar.detect.WhoSpeaksFirst;

/**
 * A port of the application in use.
 *
 * @param memory which side spoke first to clients outside the mesh
 */
record InboundPort(Target target, WhoSpeaksFirst memory) {}
