// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import java.util.List;

/** All proxies that keep a stream to this replica. Thread-safe. */
public interface ProxyFleet {
  /** Those connected now, by namespace and pod name. */
  List<ConnectedProxy> proxies();

  /**
   * The trust bundle, or the issuer, is another than before: tells every proxy, and every one that
   * connects later, what {@link BundleSource#current()} says from now on. Returns at once.
   *
   * @param renew whether proxies are to ask for a new leaf
   */
  void bundleChanged(boolean renew);
}
