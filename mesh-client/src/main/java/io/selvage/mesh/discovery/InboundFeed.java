// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import io.selvage.model.mesh.InboundSettings;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** How to treat what arrives, as the control plane said last. Thread-safe. */
public final class InboundFeed {
  private final List<Consumer<InboundSettings>> listeners = new CopyOnWriteArrayList<>();
  private volatile InboundSettings current;

  /**
   * @param first what holds until the control plane has said something
   */
  public InboundFeed(InboundSettings first) {
    current = first;
  }

  /** As of now. */
  public InboundSettings current() {
    return current;
  }

  /**
   * Told of what holds now, before this returns, and of every change: one after the other, none
   * after a newer one. Changes come on the control stream's event loop: must be quick.
   *
   * @return ends it
   */
  public synchronized Runnable follow(Consumer<InboundSettings> listener) {
    listeners.add(listener);
    listener.accept(current);
    return () -> listeners.remove(listener);
  }

  /** Applies what the control plane says. */
  public synchronized void apply(InboundSettings settings) {
    if (!settings.equals(current)) {
      current = settings;
      listeners.forEach(listener -> listener.accept(settings));
    }
  }
}
