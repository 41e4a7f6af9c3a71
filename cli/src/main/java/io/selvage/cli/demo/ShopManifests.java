// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

/** Manifests of the demo's shop, as a cluster would hold them once its pods are injected. */
final class ShopManifests {
  static final String NAMESPACE = "shop";

  private ShopManifests() {}

  /**
   * A workload of one pod: its ServiceAccount, Deployment's pod, Service and EndpointSlice.
   *
   * @param podIp loopback address that is the pod's own
   * @param clusterIp loopback address that stands for the Service
   * @param port the pod's, behind port 80 of the Service
   */
  static String workload(String name, String podIp, String clusterIp, int port) {
    return """
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: %1$s
      namespace: shop
    ---
    apiVersion: v1
    kind: Pod
    metadata:
      name: %1$s-1
      namespace: shop
      labels:
        app: %1$s
        selvage.io/control-plane-ns: selvage
    spec:
      serviceAccountName: %1$s
      containers:
        - name: %1$s
          ports:
            - containerPort: %4$d
    status:
      phase: Running
      podIP: %2$s
      podIPs:
        - ip: %2$s
    ---
    apiVersion: v1
    kind: Service
    metadata:
      name: %1$s
      namespace: shop
    spec:
      clusterIP: %3$s
      clusterIPs: [%3$s]
      selector:
        app: %1$s
      ports:
        - port: 80
          targetPort: %4$d
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata:
      name: %1$s-1
      namespace: shop
      labels:
        kubernetes.io/service-name: %1$s
    addressType: IPv4
    ports:
      - port: %4$d
    endpoints:
      - addresses: ["%2$s"]
        targetRef:
          kind: Pod
          namespace: shop
          name: %1$s-1
    """
        .formatted(name, podIp, clusterIp, port);
  }

  /** The gateway's own pod, so that it appears as a source. */
  static String gatewayPod(String podIp) {
    return """
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: gateway
      namespace: selvage
    ---
    apiVersion: v1
    kind: Pod
    metadata:
      name: gateway-1
      namespace: selvage
    spec:
      serviceAccountName: gateway
      containers:
        - name: gateway
    status:
      phase: Running
      podIP: %s
    """
        .formatted(podIp);
  }
}
