// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.query.TrafficTables;
import io.selvage.controlplane.observation.store.ObservationStore;
import io.selvage.controlplane.observation.workload.WorkloadDirectory;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.kube.OwnerReference;
import io.selvage.model.kube.Pod;
import io.selvage.model.kube.ReplicaSet;
import io.selvage.model.kube.Service;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Call;
import io.selvage.model.mesh.TrafficReport.Edge;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A small cluster, its proxies, a store they report to, and a clock that stands still. */
public final class MeshWorld {
  public static final String INJECTED = "selvage.io/control-plane-ns";

  public long now = 1_000_000;
  public final WorkloadDirectory directory = new WorkloadDirectory();
  public final ObservationStore store;
  public final TrafficTables tables;

  private final Map<String, KubeObject> objects = new LinkedHashMap<>();
  private final Map<Long, Long> sequences = new HashMap<>();
  private long sessions;

  public MeshWorld() {
    this(ObservationLimits.DEFAULT);
  }

  public MeshWorld(ObservationLimits limits) {
    store = new ObservationStore(limits, directory, () -> now);
    tables = new TrafficTables(directory, store::reportingPods);
  }

  /** The {@code --to} of a question. */
  public static Optional<OtherEnd> to(String resource) {
    return OtherEnd.of(
        Optional.of(resource),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** The {@code --from} of a question. */
  public static Optional<OtherEnd> from(String resource) {
    return OtherEnd.of(
        Optional.empty(),
        Optional.empty(),
        Optional.of(resource),
        Optional.empty(),
        Optional.empty());
  }

  /** A pod of a Deployment whose ServiceAccount has the Deployment's name. */
  public MeshWorld deploymentPod(String deployment, String suffix, String address) {
    String rs = deployment + "-5d9";
    put(new ReplicaSet(meta(rs, "", Map.of(), owner("Deployment", deployment))));
    return pod(deployment + "-5d9-" + suffix, deployment, address, owner("ReplicaSet", rs));
  }

  public MeshWorld pod(String name, String account, String address, List<OwnerReference> owners) {
    return pod(name, "uid-" + name, account, address, "Running", owners, true, false);
  }

  public MeshWorld pod(
      String name,
      String uid,
      String account,
      String address,
      String phase,
      List<OwnerReference> owners,
      boolean meshed,
      boolean hostNetwork) {
    Map<String, String> labels =
        meshed ? Map.of(INJECTED, "selvage", "app", account) : Map.of("app", account);
    return put(
        new Pod(
            meta(name, uid, labels, owners),
            new Pod.Spec(account, hostNetwork, null, null, null, null, null),
            new Pod.Status(phase, address, null, null, null, null, null)));
  }

  public MeshWorld service(String name) {
    return put(new Service(ObjectMeta.of("default", name), null));
  }

  public MeshWorld put(KubeObject object) {
    objects.put(object.ref().toString(), object);
    return this;
  }

  public MeshWorld remove(String kind, String name) {
    objects.remove(kind + " default/" + name);
    return this;
  }

  public static List<OwnerReference> owner(String kind, String name) {
    return List.of(new OwnerReference("v1", kind, name, "u", true));
  }

  private static ObjectMeta meta(
      String name, String uid, Map<String, String> labels, List<OwnerReference> owners) {
    return new ObjectMeta(name, "default", labels, null, uid, null, 0, null, null, owners);
  }

  public ClusterState state() {
    var state = ClusterState.builder();
    objects.values().forEach(state::add);
    return state.build();
  }

  /** Tells the directory of all objects. */
  public MeshWorld sync() {
    directory.update(state(), now);
    return this;
  }

  public ConnectedProxy proxy(String pod, String account) {
    return proxy(pod, account, ProxyKind.SIDECAR);
  }

  public ConnectedProxy proxy(String pod, String account, ProxyKind kind) {
    return proxy(pod, account, kind, Instant.EPOCH);
  }

  public ConnectedProxy proxy(String pod, String account, Instant since) {
    return proxy(pod, account, ProxyKind.SIDECAR, since);
  }

  private ConnectedProxy proxy(String pod, String account, ProxyKind kind, Instant since) {
    return new ConnectedProxy(
        ++sessions,
        identity(account),
        new PodRef("default", pod),
        true,
        kind,
        "10.9.9.9",
        "test",
        "",
        0,
        since);
  }

  public static WorkloadIdentity identity(String account) {
    return new WorkloadIdentity("cluster.local", "default", account);
  }

  public static String id(String account) {
    return identity(account).uri();
  }

  /** A report of the last five seconds. */
  public void report(ConnectedProxy from, Edge... edges) {
    report(from, 5_000, List.of(edges), List.of());
  }

  public void report(ConnectedProxy from, long millis, List<Edge> edges, List<Call> calls) {
    long sequence = sequences.merge(from.session(), 1L, Long::sum);
    store.report(from, new TrafficReport(sequence, millis, edges, calls));
  }

  /** A latency histogram with so many requests in one bucket. */
  public static List<Long> latency(int bucket, long count) {
    var counts = new ArrayList<Long>();
    for (int i = 0; i < 26; i++) {
      counts.add(i == bucket ? count : 0L);
    }
    return counts;
  }
}
