// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.kube.KindSelection;
import io.selvage.model.Problem;
import io.selvage.model.kube.ConfigMap;
import io.selvage.model.kube.IntOrString;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.Node;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.kube.OwnerReference;
import io.selvage.model.kube.Pod;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MeshKindsTest {
  /** As {@code kubectl get pod -o yaml} prints one. */
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata:
        name: web-abc-1
        namespace: shop
        deletionTimestamp: "2026-01-02T03:04:05Z"
        generateName: web-abc-
        labels: {app: web, pod-template-hash: abc}
        annotations: {selvage.io/inject: enabled}
        ownerReferences:
          - {apiVersion: apps/v1, kind: ReplicaSet, name: web-abc, uid: u1, controller: true,
             blockOwnerDeletion: true}
      spec:
        serviceAccountName: web
        nodeName: n1
        dnsPolicy: ClusterFirst
        priority: 0
        tolerations: [{key: a, operator: Exists}]
        volumes: [{name: v, emptyDir: {}}]
        initContainers:
          - name: proxy
            image: proxy:1
            restartPolicy: Always
            ports: [{name: inbound, containerPort: 4143}]
        containers:
          - name: app
            image: app:1
            command: [app]
            env: [{name: A, value: b}]
            resources: {limits: {cpu: 1}}
            volumeMounts: [{name: v, mountPath: /v}]
            ports:
              - {name: http, containerPort: 8080, hostPort: 80, hostIP: 127.0.0.1}
              - {name: dns, containerPort: 53, protocol: UDP}
            readinessProbe:
              httpGet: {path: "/ready?deep=1", port: http, httpHeaders: [{name: a, value: b}]}
              periodSeconds: 5
            livenessProbe: {tcpSocket: {port: 9000}, timeoutSeconds: 1}
            startupProbe: {grpc: {port: 9001, service: s}, failureThreshold: 3}
            terminationMessagePath: /dev/termination-log
      status:
        phase: Running
        hostIP: 192.168.0.1
        podIP: 10.1.0.5
        podIPs: [{ip: 10.1.0.5}, {ip: "fd00::5"}]
        qosClass: Burstable
        conditions: [{type: Ready, status: "True", lastTransitionTime: null}]
        containerStatuses: [{name: app, ready: true, restartCount: 2}]
      """;

  @Test
  void aPodIsReadWithoutComplaint() {
    ManifestFile file = read(POD);

    assertThat(file.problems()).isEmpty();
    Pod pod = (Pod) file.objects().getFirst().object();
    assertThat(pod.metadata().ownerReferences())
        .containsExactly(new OwnerReference("apps/v1", "ReplicaSet", "web-abc", "u1", true));
    assertThat(pod.isTerminating()).isTrue();
    assertThat(pod.isReady()).isTrue();
    assertThat(pod.isFinished()).isFalse();
    assertThat(pod.addresses()).containsExactly("10.1.0.5", "fd00::5");
    assertThat(pod.status().hostIP()).isEqualTo("192.168.0.1");
    assertThat(pod.spec().serviceAccountName()).isEqualTo("web");
    assertThat(pod.allContainers().map(Pod.Container::name)).containsExactly("proxy", "app");
    Pod.Container app = pod.spec().containers().getFirst();
    assertThat(app.ports())
        .containsExactly(new Pod.Port("http", 8080, "TCP"), new Pod.Port("dns", 53, "UDP"));
    assertThat(app.probes()).hasSize(3);
    assertThat(app.readinessProbe().httpGet())
        .isEqualTo(new Pod.HttpGet("/ready?deep=1", IntOrString.of("http"), "HTTP"));
    assertThat(app.resolve(IntOrString.of("http"))).isEqualTo(Optional.of(8080));
    assertThat(app.resolve(IntOrString.of("htpp"))).isEmpty();
  }

  @Test
  void whatAPodLeavesOutHasItsDefault() {
    ManifestFile file = read("{apiVersion: v1, kind: Pod, metadata: {name: p}}");

    Pod pod = (Pod) file.objects().getFirst().object();
    assertThat(pod.spec().serviceAccountName()).isEqualTo("default");
    assertThat(pod.addresses()).isEmpty();
    assertThat(pod.isReady()).isFalse();
    assertThat(pod.isTerminating()).isFalse();
  }

  @Test
  void aMisspeltFieldOfAPodIsNamed() {
    ManifestFile file = read(POD.replace("containerPort: 8080", "containerPrt: 8080"));

    assertThat(file.problems())
        .extracting(Problem::field)
        .containsExactly("spec.containers[0].ports[0].containerPrt");
  }

  @Test
  void kindsOfWhichOnlyMetadataIsReadMayHoldEverything() {
    ManifestFile file =
        read(
            """
            {apiVersion: v1, kind: Namespace, metadata: {name: shop}, spec: {finalizers: [k]}}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: web, namespace: shop}
            automountServiceAccountToken: false
            imagePullSecrets: [{name: r}]
            ---
            apiVersion: v1
            kind: Node
            metadata: {name: n1, labels: {topology.kubernetes.io/zone: z1}}
            spec: {podCIDR: 10.1.0.0/24}
            status: {images: [{names: [a]}]}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {ca: pem}, immutable: true}
            ---
            {apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r}, spec: {replicas: 1}}
            ---
            {apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {template: {}}}
            """);

    assertThat(file.problems()).isEmpty();
    assertThat(file.objects()).hasSize(6);
    KubeObject node = file.objects().get(2).object();
    assertThat(((Node) node).zone()).isEqualTo("z1");
    assertThat(((ConfigMap) file.objects().get(3).object()).data()).containsEntry("ca", "pem");
  }

  @Test
  void whatIsNotSelectedIsPassedOverInSilence() {
    String ingress = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}}\n";
    String mapping =
        "{apiVersion: getambassador.io/v3alpha1, kind: Mapping, metadata: {name: m}}\n";
    String all = POD.replace("containerPort: 8080", "containerPrt: 8080") + "---\n" + ingress;

    ManifestFile gateway = ManifestReader.read("a.yaml", all);
    assertThat(gateway.objects())
        .extracting(o -> o.object().ref())
        .containsExactly(new ObjectRef("Ingress", "default", "i"));
    assertThat(gateway.problems()).isEmpty();

    ManifestFile controlPlane =
        ManifestReader.read(
            "a.yaml", ingress + "---\n" + mapping + "---\n" + POD, KindSelection.CONTROL_PLANE);
    assertThat(controlPlane.objects()).hasSize(1);
    assertThat(controlPlane.problems()).isEmpty();
  }

  private static ManifestFile read(String yaml) {
    KindSelection.Entry roots = KindSelection.Entry.single(Kind.CONFIG_MAP, "selvage", "roots");
    return ManifestReader.read("a.yaml", yaml, KindSelection.CONTROL_PLANE.and(roots));
  }
}
