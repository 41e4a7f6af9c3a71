// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.tap;

/**
 * Whoever asked for exchanges. Called on the thread of observation: it must neither block nor
 * throw, and drops what it cannot pass on.
 */
public interface TapListener {
  /** An exchange. */
  void exchange(TapRow row);

  /**
   * How it stands, every two seconds and when proxies come.
   *
   * @param proxies that were asked
   * @param dropped exchanges that were not told because they were too many
   */
  void status(int proxies, long dropped);
}
