// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Proxies that believe and hold what a test says, and remember what they were told. */
final class FakeFleet implements ProxyFleet {
  final Map<String, ConnectedProxy> byName = new ConcurrentSkipListMap<>();
  final List<Boolean> pushes = new CopyOnWriteArrayList<>();

  void put(String pod, String bundle, Instant leafEnd) {
    put(pod, pod.hashCode(), bundle, leafEnd);
  }

  void put(String pod, long session, String bundle, Instant leafEnd) {
    byName.put(
        pod,
        new ConnectedProxy(
            session,
            new WorkloadIdentity("cluster.local", "shop", "web"),
            new PodRef("shop", pod),
            true,
            ProxyKind.SIDECAR,
            "127.0.0.1",
            "test",
            bundle,
            leafEnd.toEpochMilli(),
            Instant.EPOCH));
  }

  @Override
  public List<ConnectedProxy> proxies() {
    return List.copyOf(byName.values());
  }

  @Override
  public void bundleChanged(boolean renew) {
    pushes.add(renew);
  }
}
