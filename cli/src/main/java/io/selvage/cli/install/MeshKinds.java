// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import io.selvage.kube.api.NamedObjects.Type;
import java.util.List;
import java.util.Optional;

/** The kinds of objects that our charts make, and the marks by which they are known. */
public final class MeshKinds {
  /** On every object of the charts; its value is the part of Selvage that it belongs to. */
  public static final String COMPONENT_LABEL = "selvage.io/control-plane-component";

  /** On every injected pod: the namespace of its control plane. */
  public static final String MESHED_LABEL = "selvage.io/control-plane-ns";

  public static final String CONFIG = "selvage-config";
  public static final String ISSUER = "selvage-identity-issuer";
  public static final String TRUST_ROOTS = "selvage-trust-roots";

  /** Where replicas of the control plane tell each other how far a rotation is. */
  static final String REPLICAS = "selvage-control-plane-replicas";

  /** By which one gateway of several writes statuses. */
  static final String GATEWAY_LEASE = "selvage-gateway-leader";

  public static final String INJECTOR = "selvage-injector";
  public static final String INJECTOR_TLS = "selvage-injector-tls";

  /** Of the Emissary kinds. */
  public static final String GROUP = "getambassador.io";

  /** Of the Prometheus operator. */
  static final String MONITORING = "monitoring.coreos.com";

  private static final String RBAC = "rbac.authorization.k8s.io";

  public static final Type DEPLOYMENT = new Type("apps", "v1", "Deployment", "deployments", true);
  public static final Type SERVICE = new Type("", "v1", "Service", "services", true);
  public static final Type POD = new Type("", "v1", "Pod", "pods", true);
  public static final Type SERVICE_ACCOUNT =
      new Type("", "v1", "ServiceAccount", "serviceaccounts", true);
  public static final Type ROLE = new Type(RBAC, "v1", "Role", "roles", true);
  public static final Type ROLE_BINDING = new Type(RBAC, "v1", "RoleBinding", "rolebindings", true);
  public static final Type CLUSTER_ROLE =
      new Type(RBAC, "v1", "ClusterRole", "clusterroles", false);
  public static final Type CLUSTER_ROLE_BINDING =
      new Type(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", false);
  public static final Type NETWORK_POLICY =
      new Type("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true);
  public static final Type INGRESS_CLASS =
      new Type("networking.k8s.io", "v1", "IngressClass", "ingressclasses", false);
  public static final Type BUDGET =
      new Type("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true);
  public static final Type POD_MONITOR =
      new Type(MONITORING, "v1", "PodMonitor", "podmonitors", true);
  public static final Type AUTOSCALER =
      new Type("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true);
  static final Type ENDPOINT_SLICE =
      new Type("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
  public static final Type LEASE = new Type("coordination.k8s.io", "v1", "Lease", "leases", true);
  public static final Type CRD =
      new Type(
          "apiextensions.k8s.io",
          "v1",
          "CustomResourceDefinition",
          "customresourcedefinitions",
          false);

  /**
   * What the chart {@code selvage} makes, in the order in which it is taken away: first what sends
   * others to us, then what works, then its rights, so that nothing is written again behind us.
   */
  static final List<Type> INSTALLED =
      List.of(
          Type.MUTATING_WEBHOOK,
          AUTOSCALER,
          DEPLOYMENT,
          BUDGET,
          CLUSTER_ROLE_BINDING,
          ROLE_BINDING,
          CLUSTER_ROLE,
          ROLE,
          SERVICE,
          NETWORK_POLICY,
          POD_MONITOR,
          INGRESS_CLASS,
          SERVICE_ACCOUNT,
          Type.CONFIG_MAP,
          Type.SECRET);

  private MeshKinds() {}

  /** The kind of an object, among those above. */
  static Optional<Type> of(JsonNode object) {
    String apiVersion = object.path("apiVersion").asText();
    String kind = object.path("kind").asText();
    return java.util.stream.Stream.concat(
            INSTALLED.stream(), java.util.stream.Stream.of(Type.NAMESPACE, CRD, LEASE, POD))
        .filter(type -> type.apiVersion().equals(apiVersion) && type.kind().equals(kind))
        .findFirst();
  }

  /** {@code deployment/control-plane}, as {@code kubectl} prints it. */
  static String reference(JsonNode object) {
    return object.path("kind").asText().toLowerCase(java.util.Locale.ROOT)
        + "/"
        + object.path("metadata").path("name").asText();
  }
}
