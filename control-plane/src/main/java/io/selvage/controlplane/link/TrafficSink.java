// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TrafficReport;

/**
 * Takes what proxies report. Called on event loops: it must neither block nor throw, and drops what
 * it cannot hold. Calls about one proxy come one after another, those about different ones may come
 * at the same time.
 */
public interface TrafficSink {
  /** A report; its size was checked against the bounds of {@link TrafficReport}. */
  void report(ConnectedProxy from, TrafficReport report);

  /** An exchange that was asked for; nothing that was not asked for is to be believed. */
  default void tapped(ConnectedProxy from, ProxyMessage.Tapped tapped) {}

  /** The stream of a proxy has ended; it may come back with a new one. */
  void gone(ConnectedProxy proxy);

  /** Keeps nothing. */
  static TrafficSink none() {
    return new TrafficSink() {
      @Override
      public void report(ConnectedProxy from, TrafficReport report) {}

      @Override
      public void gone(ConnectedProxy proxy) {}
    };
  }
}
