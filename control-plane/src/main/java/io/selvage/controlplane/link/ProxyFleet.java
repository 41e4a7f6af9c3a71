// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import io.selvage.model.mesh.ControlMessage;
import java.util.List;
import java.util.Set;

/** All proxies that keep a stream to this replica. Thread-safe. */
public interface ProxyFleet {
  /** Those connected now, by namespace and pod name. */
  List<ConnectedProxy> proxies();

  /**
   * Asks some proxies for single exchanges. Returns at once; a proxy that is gone, or reads too
   * slowly, is passed over.
   *
   * @param sessions of {@link ConnectedProxy#session}
   */
  default void tap(Set<Long> sessions, ControlMessage.Tap tap) {}

  /**
   * The trust bundle, or the issuer, is another than before: tells every proxy, and every one that
   * connects later, what {@link BundleSource#current()} says from now on. Returns at once.
   *
   * @param renew whether proxies are to ask for a new leaf
   */
  void bundleChanged(boolean renew);
}
