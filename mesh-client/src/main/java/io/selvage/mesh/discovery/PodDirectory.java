// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import io.netty.util.NetUtil;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ControlMessage.KnownAddress;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.PortRange;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * How the addresses of endpoints are to be spoken to, for gateways, which know Services themselves.
 * An address that is not in it is not one to be spoken to in plaintext, but one nothing is known of
 * yet. What was known stays while the control plane is away. Thread-safe.
 */
public final class PodDirectory {
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile Map<InetAddress, KnownAddress> addresses = Map.of();
  private volatile boolean known;

  /** Known before the last reset, and not named since; null once the reset is complete. */
  private @Nullable Set<InetAddress> unconfirmed;

  /** Whether the control plane has ever said all it knew. */
  public boolean isKnown() {
    return known;
  }

  /** Number of addresses. */
  public int size() {
    return addresses.size();
  }

  /**
   * Whom to expect behind an address and port.
   *
   * @param address IP literal in any notation
   * @param pod {@code namespace/name} of the pod it is said to be; empty = none is named
   * @return SPIFFE id; an empty text if it is known to be spoken to in plaintext; empty if nothing
   *     is known, or what is known is of another pod, which had the address before or will have it
   */
  public Optional<String> identityAt(String address, int port, String pod) {
    InetAddress key = NetUtil.createInetAddressFromIpAddressString(address);
    KnownAddress one = key == null ? null : addresses.get(key);
    if (one == null
        || !pod.isEmpty() && !one.pod().equals(PodRef.NONE) && !one.pod().toString().equals(pod)) {
      return Optional.empty();
    }
    for (PortRange plain : one.plainPorts()) {
      if (plain.contains(port)) {
        return Optional.of("");
      }
    }
    return Optional.of(one.identity());
  }

  /** Whether anything is known of an address. */
  public boolean isAnswered(InetAddress address) {
    return addresses.containsKey(address);
  }

  /** Whether the pod of an address has a sidecar, whatever ports it sees. */
  public boolean isMeshed(InetAddress address) {
    KnownAddress one = addresses.get(address);
    return one != null && !one.identity().isEmpty();
  }

  /**
   * Told after every change, on the control stream's event loop.
   *
   * @return ends it
   */
  public Runnable listen(Runnable listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  /**
   * Applies what the control plane says; on one thread. A large directory comes in several
   * messages, and may break off between two; what was known is not forgotten before all of it is
   * there.
   */
  public void apply(ControlMessage.Workloads workloads) {
    Map<InetAddress, KnownAddress> next = new HashMap<>(addresses);
    if (workloads.reset()) {
      unconfirmed = new HashSet<>(next.keySet());
    }
    for (String gone : workloads.removed()) {
      InetAddress key = NetUtil.createInetAddressFromIpAddressString(gone);
      if (key != null) {
        next.remove(key);
      }
    }
    Set<InetAddress> left = unconfirmed;
    for (KnownAddress one : workloads.upserts()) {
      InetAddress key = NetUtil.createInetAddressFromIpAddressString(one.address());
      if (key != null) {
        next.put(key, one);
        if (left != null) {
          left.remove(key);
        }
      }
    }
    boolean complete = !workloads.more();
    if (complete && left != null) {
      next.keySet().removeAll(left);
      unconfirmed = null;
    }
    addresses = next;
    known |= complete;
    listeners.forEach(Runnable::run);
  }
}
