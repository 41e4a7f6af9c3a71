// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import io.selvage.model.mesh.ControlMessage;

/** Whom proxies are to believe. */
@FunctionalInterface
public interface BundleSource {
  /** The bundle as of now; quick, from any thread. Its {@code renew} is false. */
  ControlMessage.Bundle current();
}
