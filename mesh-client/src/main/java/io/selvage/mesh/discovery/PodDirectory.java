// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import io.netty.util.NetUtil;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ControlMessage.MeshedPod;
import io.selvage.model.mesh.PortRange;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Which pods speak mTLS, for gateways, which know Services themselves. What was known stays while
 * the control plane is away. Thread-safe.
 */
public final class PodDirectory {
  /** How long after a reset the rest of a directory may take, in milliseconds. */
  public static final long SETTLE_MILLIS = 2_000;

  /** A message of as many pods may be the first of several. */
  private static final int LARGE = 1_000;

  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile Map<InetAddress, MeshedPod> pods = Map.of();
  private volatile boolean known;

  /** Known before the last reset, and not named since. */
  private final Set<InetAddress> unconfirmed = new HashSet<>();

  /** Whether the control plane has ever said anything. */
  public boolean isKnown() {
    return known;
  }

  /** Number of addresses. */
  public int size() {
    return pods.size();
  }

  /**
   * Whom to expect behind an address and port.
   *
   * @param address IP literal in any notation
   * @return SPIFFE id; empty if there is no sidecar, or it does not see that port
   */
  public String identityAt(String address, int port) {
    InetAddress key = NetUtil.createInetAddressFromIpAddressString(address);
    return key == null ? "" : identityAt(key, port);
  }

  /** The same of a parsed address. */
  public String identityAt(InetAddress address, int port) {
    MeshedPod pod = pods.get(address);
    if (pod == null) {
      return "";
    }
    for (PortRange plain : pod.plainPorts()) {
      if (plain.contains(port)) {
        return "";
      }
    }
    return pod.identity();
  }

  /** Whether the pod of an address has a sidecar, whatever ports it sees. */
  public boolean isMeshed(InetAddress address) {
    return pods.containsKey(address);
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
   * Applies what the control plane says; on one thread. A large directory comes in several messages
   * of which only the first is a reset, so what a reset does not name is not forgotten before
   * {@link #settle}: a pod that is meshed must not be taken for a plain one in between.
   */
  public void apply(ControlMessage.Workloads workloads) {
    Map<InetAddress, MeshedPod> next = new HashMap<>(pods);
    if (workloads.reset()) {
      unconfirmed.clear();
      unconfirmed.addAll(next.keySet());
    }
    for (String gone : workloads.removed()) {
      InetAddress key = NetUtil.createInetAddressFromIpAddressString(gone);
      if (key != null) {
        next.remove(key);
      }
    }
    for (MeshedPod pod : workloads.upserts()) {
      InetAddress key = NetUtil.createInetAddressFromIpAddressString(pod.address());
      if (key != null) {
        next.put(key, pod);
        unconfirmed.remove(key);
      }
    }
    pods = next;
    if (workloads.reset() && workloads.upserts().size() < LARGE) {
      known = true;
    }
    listeners.forEach(Runnable::run);
  }

  /**
   * The control plane has had {@link #SETTLE_MILLIS} since its last reset to name all pods: those
   * it has not named are gone. On the thread of {@link #apply}.
   */
  public void settle() {
    if (!unconfirmed.isEmpty()) {
      Map<InetAddress, MeshedPod> next = new HashMap<>(pods);
      next.keySet().removeAll(unconfirmed);
      unconfirmed.clear();
      pods = next;
    }
    known = true;
    listeners.forEach(Runnable::run);
  }
}
