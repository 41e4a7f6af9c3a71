// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.ReplicaRequest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Taps that other replicas want of our proxies. Each replica counts its Taps by itself, so a proxy
 * is asked under a number of ours. Thread-safe.
 */
final class ForeignTaps {
  /** Our own Taps count from 1. */
  static final long FIRST_NUMBER = 1L << 32;

  /** Taps of one replica; it opens no more itself. */
  static final int MAX_OF_REPLICA = 64;

  private static final Logger LOG = LoggerFactory.getLogger(ForeignTaps.class);

  private final BiConsumer<Set<Long>, ControlMessage.Tap> proxies;
  private final Supplier<List<ConnectedProxy>> connected;
  private final Map<Long, Origin> byNumber = new ConcurrentHashMap<>();
  // Guarded by this, as are the sessions of each.
  private final Map<Asker, Map<Long, Origin>> byAsker = new HashMap<>();
  private long numbers = FIRST_NUMBER;

  /** Who is told of what a Tap yields. */
  interface Asker {
    /**
     * @param session of the proxy, a number of ours
     */
    void tapped(long session, ProxyMessage.Tapped tapped);
  }

  /** A Tap of another replica. */
  private static final class Origin {
    final Asker asker;
    final long number;
    final long theirs;
    final Set<Long> sessions = new HashSet<>();

    Origin(Asker asker, long number, long theirs) {
      this.asker = asker;
      this.number = number;
      this.theirs = theirs;
    }
  }

  /**
   * @param proxies asks those of some sessions, see {@link ProxyFleet#tap}
   * @param connected those that are there; one that leaves is not among them before {@link #gone}
   */
  ForeignTaps(
      BiConsumer<Set<Long>, ControlMessage.Tap> proxies, Supplier<List<ConnectedProxy>> connected) {
    this.proxies = proxies;
    this.connected = connected;
  }

  /** Asks the proxies for another replica, or no longer; those that are gone are passed over. */
  synchronized void ask(Asker asker, ReplicaRequest request) {
    ControlMessage.Tap tap = request.tap();
    Map<Long, Origin> ofAsker = byAsker.computeIfAbsent(asker, a -> new HashMap<>());
    Origin origin = ofAsker.get(tap.id());
    if (tap.maxPerSecond() == 0) {
      if (ofAsker.isEmpty()) {
        byAsker.remove(asker);
      }
      if (origin != null) {
        proxies.accept(Set.copyOf(request.sessions()), ControlMessage.Tap.end(origin.number));
        request.sessions().forEach(origin.sessions::remove);
        forgetIfUnused(origin);
      }
      return;
    }
    if (origin == null) {
      if (ofAsker.size() >= MAX_OF_REPLICA) {
        LOG.warn("another replica asks for more than {} taps", MAX_OF_REPLICA);
        return;
      }
      origin = new Origin(asker, ++numbers, tap.id());
      ofAsker.put(tap.id(), origin);
      byNumber.put(origin.number, origin);
    }
    origin.sessions.addAll(request.sessions());
    // Whoever asks may not have heard yet who has gone, and of those nothing more is told here.
    var there = new HashSet<Long>();
    connected.get().forEach(proxy -> there.add(proxy.session()));
    origin.sessions.retainAll(there);
    there.retainAll(request.sessions());
    forgetIfUnused(origin);
    if (there.isEmpty()) {
      return;
    }
    proxies.accept(
        there,
        new ControlMessage.Tap(
            origin.number,
            tap.maxPerSecond(),
            tap.method(),
            tap.scheme(),
            tap.authority(),
            tap.pathPrefix(),
            tap.headers()));
  }

  private void forgetIfUnused(Origin origin) {
    if (origin.sessions.isEmpty()) {
      byNumber.remove(origin.number);
      Map<Long, Origin> ofAsker = byAsker.get(origin.asker);
      if (ofAsker != null) {
        ofAsker.remove(origin.theirs);
        if (ofAsker.isEmpty()) {
          byAsker.remove(origin.asker);
        }
      }
    }
  }

  /** Ends all Taps of a replica that is not there any more. */
  synchronized void end(Asker asker) {
    Map<Long, Origin> all = byAsker.remove(asker);
    if (all != null) {
      for (Origin origin : all.values()) {
        byNumber.remove(origin.number);
        proxies.accept(Set.copyOf(origin.sessions), ControlMessage.Tap.end(origin.number));
      }
    }
  }

  /** A proxy is gone, and its Taps with it. */
  void gone(long session) {
    if (byNumber.isEmpty()) {
      return;
    }
    synchronized (this) {
      for (Origin origin : Set.copyOf(byNumber.values())) {
        if (origin.sessions.remove(session)) {
          forgetIfUnused(origin);
        }
      }
    }
  }

  /** Passes on what a proxy tells; false if it is not for another replica. */
  boolean tapped(long session, ProxyMessage.Tapped tapped) {
    if (tapped.id() < FIRST_NUMBER) {
      return false;
    }
    Origin origin = byNumber.get(tapped.id());
    if (origin != null) {
      origin.asker.tapped(
          session, new ProxyMessage.Tapped(origin.theirs, tapped.dropped(), tapped.event()));
    }
    return true;
  }

  /** Taps that are open for others. */
  int size() {
    return byNumber.size();
  }
}
