// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.discovery;

import io.netty.util.NetUtil;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ControlMessage.MeshedPod;
import io.selvage.model.mesh.PortRange;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Which pods speak mTLS, for gateways, which know Services themselves. What was known stays while
 * the control plane is away. Thread-safe.
 */
public final class PodDirectory {
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile Map<InetAddress, MeshedPod> pods = Map.of();
  private volatile boolean known;

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
    MeshedPod pod = key == null ? null : pods.get(key);
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

  /**
   * Told after every change, on the control stream's event loop.
   *
   * @return ends it
   */
  public Runnable listen(Runnable listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  /** Applies what the control plane says; on one thread. */
  public void apply(ControlMessage.Workloads workloads) {
    Map<InetAddress, MeshedPod> next = workloads.reset() ? new HashMap<>() : new HashMap<>(pods);
    for (String gone : workloads.removed()) {
      next.remove(NetUtil.createInetAddressFromIpAddressString(gone));
    }
    for (MeshedPod pod : workloads.upserts()) {
      InetAddress key = NetUtil.createInetAddressFromIpAddressString(pod.address());
      if (key != null) {
        next.put(key, pod);
      }
    }
    pods = next;
    known = true;
    listeners.forEach(Runnable::run);
  }
}
