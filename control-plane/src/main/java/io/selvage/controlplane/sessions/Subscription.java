// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import io.selvage.controlplane.discovery.DestinationView;
import io.selvage.controlplane.discovery.Watch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** What a proxy asked for, and what it was told last. */
final class Subscription {
  final long id;

  /** Whether it waits to be looked at; set by discovery, cleared by the session. */
  final AtomicBoolean noted = new AtomicBoolean();

  // Of the session's loop alone.
  @Nullable Watch watch;
  @Nullable DestinationView sent;
  boolean answered;
  boolean closed;

  Subscription(long id) {
    this.id = id;
  }
}
