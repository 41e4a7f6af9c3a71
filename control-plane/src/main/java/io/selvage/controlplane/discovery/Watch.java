// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * One interest in what an address stands for. {@link #view()} may be read from any thread; the
 * writer of the index sets it and then calls the listener, which only takes note.
 */
public final class Watch {
  private final Listener listener;
  private volatile @Nullable DestinationView view;

  // Of the writer alone.
  @Nullable Target target;
  String node = "";
  boolean closed;

  /** Told on the writer's thread that a watch has another view; must return at once. */
  @FunctionalInterface
  public interface Listener {
    void changed(Watch watch);
  }

  Watch(Listener listener) {
    this.listener = requireNonNull(listener, "listener");
  }

  /** The newest view; null until the first was computed. */
  public @Nullable DestinationView view() {
    return view;
  }

  void show(DestinationView newest) {
    view = newest;
    listener.changed(this);
  }
}
