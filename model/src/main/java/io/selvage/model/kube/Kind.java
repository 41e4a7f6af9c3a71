// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A kind that Selvage reads: where it is found in the API and which record it becomes. Adding a
 * kind of the gateway's means a record, a line here, and a Processor in the gateway. Which kinds a
 * process reads is chosen where its source is made.
 *
 * @param group API group, empty for the core group
 * @param versions accepted versions, the preferred (watched) one first
 * @param name kind as written in manifests
 * @param plural resource name in API paths
 * @param namespaced false for cluster-scoped kinds
 * @param type the record Jackson fills
 */
public record Kind<T extends KubeObject>(
    String group,
    List<String> versions,
    String name,
    String plural,
    boolean namespaced,
    Class<T> type) {
  public static final Kind<Ingress> INGRESS =
      core("networking.k8s.io", "v1", "Ingress", "ingresses", true, Ingress.class);
  public static final Kind<IngressClass> INGRESS_CLASS =
      core("networking.k8s.io", "v1", "IngressClass", "ingressclasses", false, IngressClass.class);
  public static final Kind<Service> SERVICE =
      core("", "v1", "Service", "services", true, Service.class);
  public static final Kind<EndpointSlice> ENDPOINT_SLICE =
      core("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true, EndpointSlice.class);
  public static final Kind<Endpoints> ENDPOINTS =
      core("", "v1", "Endpoints", "endpoints", true, Endpoints.class);
  public static final Kind<Secret> SECRET = core("", "v1", "Secret", "secrets", true, Secret.class);

  public static final Kind<Pod> POD = core("", "v1", "Pod", "pods", true, Pod.class);
  public static final Kind<Namespace> NAMESPACE =
      core("", "v1", "Namespace", "namespaces", false, Namespace.class);
  public static final Kind<ServiceAccount> SERVICE_ACCOUNT =
      core("", "v1", "ServiceAccount", "serviceaccounts", true, ServiceAccount.class);
  public static final Kind<Node> NODE = core("", "v1", "Node", "nodes", false, Node.class);
  public static final Kind<ConfigMap> CONFIG_MAP =
      core("", "v1", "ConfigMap", "configmaps", true, ConfigMap.class);
  public static final Kind<ReplicaSet> REPLICA_SET =
      core("apps", "v1", "ReplicaSet", "replicasets", true, ReplicaSet.class);
  public static final Kind<Job> JOB = core("batch", "v1", "Job", "jobs", true, Job.class);

  private static final List<Kind<? extends KubeObject>> EDGE =
      List.of(INGRESS, INGRESS_CLASS, SERVICE, ENDPOINT_SLICE, ENDPOINTS, SECRET);

  private static final List<Kind<? extends KubeObject>> MESH =
      List.of(POD, NAMESPACE, SERVICE_ACCOUNT, NODE, CONFIG_MAP, REPLICA_SET, JOB);

  /** Filled on first use: EmissaryKinds may be initialised before this class, and needs it. */
  private static final class Index {
    static final Map<String, Kind<? extends KubeObject>> BY_KEY =
        all()
            .collect(
                Collectors.toUnmodifiableMap(k -> k.group + '/' + k.name, Function.identity()));
  }

  public Kind {
    requireNonNull(group, "group");
    versions = List.copyOf(versions);
    requireNonNull(name, "name");
    requireNonNull(plural, "plural");
    requireNonNull(type, "type");
  }

  /** Every kind that some part of Selvage reads, in a fixed order. */
  public static Stream<Kind<? extends KubeObject>> all() {
    return Stream.concat(gateway(), MESH.stream());
  }

  /** The kinds a gateway reads, in a fixed order. */
  public static Stream<Kind<? extends KubeObject>> gateway() {
    return Stream.concat(EDGE.stream(), io.selvage.model.crd.EmissaryKinds.ALL.stream());
  }

  /**
   * The kind for a manifest's {@code apiVersion} and {@code kind}, whatever the version; see {@link
   * #accepts} for that.
   */
  public static Optional<Kind<? extends KubeObject>> find(String apiVersion, String kindName) {
    int slash = apiVersion.indexOf('/');
    String group = slash < 0 ? "" : apiVersion.substring(0, slash);
    return Optional.ofNullable(Index.BY_KEY.get(group + '/' + kindName));
  }

  /** True if the version part of {@code apiVersion} is one this kind is read from. */
  public boolean accepts(String apiVersion) {
    return versions.contains(apiVersion.substring(apiVersion.indexOf('/') + 1));
  }

  /** {@code group/version} of the preferred version, or the bare version in the core group. */
  public String apiVersion() {
    return group.isEmpty() ? versions.getFirst() : group + '/' + versions.getFirst();
  }

  private static <T extends KubeObject> Kind<T> core(
      String group, String version, String name, String plural, boolean namespaced, Class<T> type) {
    return new Kind<>(group, List.of(version), name, plural, namespaced, type);
  }
}
