// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.selvage.proxy.snapshot.Snapshot;
import java.util.function.Supplier;

/** The current snapshot: one volatile write publishes a change to every event loop. */
final class SnapshotRef implements Supplier<Snapshot> {
  private volatile Snapshot current = Snapshot.empty();

  @Override
  public Snapshot get() {
    return current;
  }

  /** Written by the one thread that holds the data plane's lock. */
  void publish(Snapshot next) {
    current = next;
  }
}
