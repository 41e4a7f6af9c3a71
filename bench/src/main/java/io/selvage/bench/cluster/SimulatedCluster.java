// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.kube.manifest.ManifestTrees;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;

/**
 * Objects of a cluster that nobody runs: Services of some injected pods each, with EndpointSlice,
 * ServiceAccount, ReplicaSet and Ingress, in a namespace for each fifty of them. The pods are as
 * large as injected ones are: three containers, their variables, volumes and probes. They are put
 * into etcd by the hundred, from where the API server serves them as any others; created one by
 * one, they would take longer than what is measured.
 */
final class SimulatedCluster implements AutoCloseable {
  private static final int NODES = 100;
  private static final int SERVICES_OF_NAMESPACE = 50;

  /** etcd takes 128 operations in a transaction. */
  private static final int BATCH = 100;

  /** Where an API server keeps a kind. */
  private static final Map<String, String> FOLDERS =
      Map.of(
          "Pod", "pods",
          "Service", "services/specs",
          "EndpointSlice", "endpointslices",
          "Namespace", "namespaces",
          "ServiceAccount", "serviceaccounts",
          "ReplicaSet", "replicasets",
          "Ingress", "ingress",
          "IngressClass", "ingressclasses",
          "Node", "minions");

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI transactions;
  private final int services;
  private final int podsOfService;
  private ArrayNode batch = JSON.createArrayNode();

  /**
   * @param etcdUrl of the API server's etcd
   */
  SimulatedCluster(String etcdUrl, int services, int podsOfService) {
    this.transactions = URI.create(etcdUrl + "/v3/kv/txn");
    this.services = services;
    this.podsOfService = podsOfService;
  }

  int pods() {
    return services * podsOfService;
  }

  /** Puts everything there; a failure ends it. */
  void create() throws IOException, InterruptedException {
    put(
        """
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: {name: selvage}
        spec: {controller: selvage.io/gateway}
        """);
    for (int node = 0; node < NODES; node++) {
      put(node(node));
    }
    for (int i = 0; i * SERVICES_OF_NAMESPACE < services; i++) {
      put("apiVersion: v1\nkind: Namespace\nmetadata: {name: team-" + i + "}\n");
    }
    for (int service = 0; service < services; service++) {
      put(around(service));
    }
    for (int pod = 0; pod < pods(); pod++) {
      put(podYaml(pod, "Running"));
    }
    send();
  }

  /** Changes some of the pods, so that they count as others than before. */
  void change(int count) throws IOException, InterruptedException {
    for (int pod = 0; pod < count; pod++) {
      put(podYaml(pod, "Failed"));
    }
    send();
  }

  private void put(String yaml) throws IOException, InterruptedException {
    for (ManifestTrees.Document document : ManifestTrees.read(yaml, false)) {
      if (!(document.json() instanceof ObjectNode object)) {
        throw new IOException("not a manifest: " + document.fault());
      }
      ObjectNode metadata = object.withObject("/metadata");
      String name = metadata.path("name").asText();
      String namespace = metadata.path("namespace").asText();
      metadata
          .put(
              "uid",
              UUID.nameUUIDFromBytes((namespace + "/" + name).getBytes(StandardCharsets.UTF_8))
                  .toString())
          .put("creationTimestamp", "2026-01-01T00:00:00Z");
      String folder = FOLDERS.get(object.path("kind").asText());
      String key =
          "/registry/" + folder + "/" + (namespace.isEmpty() ? "" : namespace + "/") + name;
      batch
          .addObject()
          .putObject("requestPut")
          .put("key", base64(key.getBytes(StandardCharsets.UTF_8)))
          .put("value", base64(JSON.writeValueAsBytes(object)));
      if (batch.size() == BATCH) {
        send();
      }
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private void send() throws IOException, InterruptedException {
    if (batch.isEmpty()) {
      return;
    }
    ObjectNode transaction = JSON.createObjectNode();
    transaction.set("success", batch);
    batch = JSON.createArrayNode();
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(transactions)
                .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(transaction)))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    JsonNode result = JSON.readTree(answer.body());
    if (answer.statusCode() != 200 || !result.path("succeeded").asBoolean()) {
      throw new IOException("etcd answered " + answer.statusCode() + ": " + answer.body());
    }
  }

  @Override
  public void close() {
    http.close();
  }

  private static String namespace(int service) {
    return "team-" + service / SERVICES_OF_NAMESPACE;
  }

  private String podName(int pod) {
    return "app-" + pod / podsOfService + "-7d4b9c6f5d-" + pod % podsOfService;
  }

  private static String podIp(int pod) {
    return "10.1." + pod / 250 + "." + (pod % 250 + 1);
  }

  private static String clusterIp(int service) {
    return "10.96." + (1 + service / 250) + "." + (service % 250 + 1);
  }

  private static String node(int node) {
    return """
    apiVersion: v1
    kind: Node
    metadata: {name: node-%d, labels: {topology.kubernetes.io/zone: zone-%d}}
    spec: {podCIDR: 10.%d.0.0/24, podCIDRs: [10.%d.0.0/24]}
    status: {addresses: [{type: InternalIP, address: 192.168.0.%d}]}
    """
        .formatted(node, node % 3, 100 + node, 100 + node, node + 1);
  }

  private String around(int service) {
    var endpoints = new StringBuilder();
    for (int i = 0; i < podsOfService; i++) {
      int pod = service * podsOfService + i;
      endpoints.append(
          """
          - addresses: ["%s"]
            conditions: {ready: true, serving: true, terminating: false}
            nodeName: node-%d
            zone: zone-%d
            targetRef: {kind: Pod, name: %s, namespace: %s}
          """
              .formatted(
                  podIp(pod), pod % NODES, pod % NODES % 3, podName(pod), namespace(service)));
    }
    return """
    apiVersion: v1
    kind: Service
    metadata: {name: app-%1$d, namespace: %2$s, labels: {app: app-%1$d}}
    spec:
      clusterIP: %3$s
      clusterIPs: ["%3$s"]
      ipFamilies: [IPv4]
      ipFamilyPolicy: SingleStack
      type: ClusterIP
      selector: {app: app-%1$d}
      ports: [{name: http, port: 80, targetPort: 8080, appProtocol: http}, {name: metrics, port: 9090}]
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: app-%1$d, namespace: %2$s}
    ---
    apiVersion: apps/v1
    kind: ReplicaSet
    metadata:
      name: app-%1$d-7d4b9c6f5d
      namespace: %2$s
      ownerReferences:
      - {apiVersion: apps/v1, kind: Deployment, name: app-%1$d, uid: d-%1$d, controller: true}
    spec:
      replicas: 0
      selector: {matchLabels: {app: app-%1$d}}
      template:
        metadata: {labels: {app: app-%1$d}}
        spec: {containers: [{name: app, image: app}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: app-%1$d, namespace: %2$s}
    spec:
      ingressClassName: selvage
      rules:
      - host: app-%1$d.example.com
        http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: app-%1$d, port: {number: 80}}}}]}
    ---
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: app-%1$d-x, namespace: %2$s, labels: {kubernetes.io/service-name: app-%1$d}}
    addressType: IPv4
    ports: [{name: http, port: 8080, protocol: TCP}, {name: metrics, port: 9090, protocol: TCP}]
    endpoints:
    """
            .formatted(service, namespace(service), clusterIp(service))
        + endpoints;
  }

  private String podYaml(int pod, String phase) {
    int service = pod / podsOfService;
    return """
    apiVersion: v1
    kind: Pod
    metadata:
      name: %1$s
      namespace: %2$s
      labels: {app: app-%3$d, pod-template-hash: 7d4b9c6f5d, selvage.io/control-plane-ns: selvage}
      annotations: {selvage.io/inject: enabled, config.selvage.io/opaque-ports: "3306"}
      ownerReferences:
      - {apiVersion: apps/v1, kind: ReplicaSet, name: app-%3$d-7d4b9c6f5d, uid: r-%3$d, controller: true}
    spec:
      serviceAccountName: app-%3$d
      nodeName: node-%4$d
      initContainers:
      - name: selvage-init
        image: selvage/sidecar:1
        args: [proxy-init, --skip-inbound-ports=4191]
        securityContext: {capabilities: {add: [NET_ADMIN, NET_RAW]}, runAsUser: 0}
      - name: selvage-proxy
        image: selvage/sidecar:1
        restartPolicy: Always
        ports: [{name: selvage-admin, containerPort: 4191}, {name: selvage-in, containerPort: 4143}]
        env:
        - {name: SELVAGE_POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: SELVAGE_POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: SELVAGE_CONTROL_PLANE, value: "control-plane.selvage.svc:8443"}
        - {name: SELVAGE_TRUST_DOMAIN, value: cluster.local}
        readinessProbe: {httpGet: {path: /ready, port: 4191}, periodSeconds: 2}
        resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {memory: 128Mi}}
        volumeMounts: [{name: selvage-token, mountPath: /var/run/secrets/selvage}]
      containers:
      - name: app
        image: registry.example.com/team/app:1.2.3
        ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]
        env:
        - {name: DATABASE_URL, value: "postgres://database.team.svc.cluster.local:5432/app"}
        - {name: LOG_LEVEL, value: info}
        - {name: FEATURES, value: "alpha,beta,gamma,delta,epsilon,zeta,eta,theta"}
        livenessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 10}
        readinessProbe: {httpGet: {path: /readyz, port: 8080}, periodSeconds: 5}
        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 512Mi}}
      volumes:
      - name: selvage-token
        projected:
          sources:
          - serviceAccountToken: {path: token, audience: identity.selvage.io, expirationSeconds: 3600}
          - configMap: {name: selvage-trust-roots}
    status:
      phase: %7$s
      podIP: %5$s
      podIPs: [{ip: %5$s}]
      hostIP: 192.168.0.%6$d
      conditions:
      - {type: Ready, status: "True"}
      - {type: ContainersReady, status: "True"}
      - {type: PodScheduled, status: "True"}
    """
        .formatted(
            podName(pod),
            namespace(service),
            service,
            pod % NODES,
            podIp(pod),
            pod % NODES + 1,
            phase);
  }
}
