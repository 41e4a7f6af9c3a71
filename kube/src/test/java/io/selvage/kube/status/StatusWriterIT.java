// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.LoadBalancerStatusBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.Crds;
import io.selvage.kube.RealApiServer;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.model.ObjectStatus;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ObjectRef;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Source and status writer as the chart's ServiceAccount, with exactly the chart's rights, against
 * a real kube-apiserver that has the chart's custom resources.
 */
@ExtendWith(RealApiServer.class)
class StatusWriterIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final PublishedAddress ADDRESS =
      new PublishedAddress.Fixed(List.of("192.0.2.1", "gw.example"));
  private static final ObjectRef MAPPING = new ObjectRef("Mapping", "front", "m");
  private static final ObjectRef INGRESS = new ObjectRef("Ingress", "front", "i");

  private final RealApiServer.Handle kube;
  private final KubernetesClient admin;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final AtomicReference<ClusterState> state = new AtomicReference<>(ClusterState.empty());

  StatusWriterIT(RealApiServer.Handle kube) {
    this.kube = kube;
    this.admin = kube.admin();
  }

  @BeforeEach
  void install() throws Exception {
    for (String name : List.of("selvage", "front")) {
      admin
          .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
          .unlock()
          .createOr(existing -> existing.update());
    }
    Crds.install(admin);
    Crds.applyRights(admin, "gateway");
    apply(
        """
        apiVersion: getambassador.io/v3alpha1
        kind: Mapping
        metadata: {name: m, namespace: front}
        spec: {prefix: /a/, service: web, hostname: "*"}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: i, namespace: front}
        spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
        """);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
    admin.network().v1().ingresses().inNamespace("front").delete();
    admin
        .genericKubernetesResources("getambassador.io/v3alpha1", "Mapping")
        .inNamespace("front")
        .delete();
    admin.v1().events().inNamespace("front").delete();
    admin.leases().inNamespace("selvage").delete();
    admin.services().inNamespace("selvage").delete();
  }

  @Test
  void theChartsRightsSufficeForAllItDoesAndForNothingElse() {
    ApiServer api = connect();
    ClusterStateSource source = api.source();
    open.add(source);
    source.start(change -> state.set(change.state()));
    StatusWriter writer = writer(api, "one", ADDRESS);
    until(() -> state.get().find(MAPPING).isPresent() && state.get().find(INGRESS).isPresent());
    until(() -> source.health().connected());
    Problem problem = Problem.error(MAPPING, "spec.service", "ServiceNotFound", "no Service web");

    writer.report(
        state.get(),
        List.of(
            new ObjectStatus(
                MAPPING, generation(), State.PARTIAL, "ServiceNotFound", "no", List.of(problem)),
            ObjectStatus.running(INGRESS, 1)),
        List.of(problem));

    until(() -> "Partial".equals(status(MAPPING).get("state")));
    assertThat(status(MAPPING))
        .containsEntry("reason", "ServiceNotFound")
        .containsEntry("message", "no")
        .containsEntry("observedGeneration", (int) generation());
    until(() -> addresses().equals(List.of("192.0.2.1", "gw.example")));
    until(() -> events().size() == 1);
    assertThat(events().getFirst().getReason()).isEqualTo("ServiceNotFound");
    assertThat(events().getFirst().getMessage()).isEqualTo("spec.service: no Service web");
    assertThat(events().getFirst().getInvolvedObject().getUid()).isNotEmpty();

    KubernetesClient account = api.client();
    assertForbidden(() -> account.pods().inAnyNamespace().list());
    assertForbidden(() -> account.configMaps().inAnyNamespace().list());
    assertForbidden(() -> account.secrets().inNamespace("front").withName("x").get());
    assertForbidden(() -> account.services().inNamespace("front").withName("x").get());
    assertForbidden(() -> account.network().v1().ingresses().inNamespace("front").delete());
    assertForbidden(() ->
        account
            .network()
            .v1()
            .ingresses()
            .inNamespace("front")
            .withName("i")
            .edit(i -> {
              i.getMetadata().setLabels(Map.of("a", "b"));
              return i;
            }));
    assertForbidden(() -> account.leases().inNamespace("selvage").list());
  }

  @Test
  void aRepeatedProblemIsCountedInOneEvent() {
    ApiServer api = connect();
    StatusWriter writer = writer(api, "one", new PublishedAddress.None());
    Problem problem = Problem.error(MAPPING, "", "Odd", "odd");
    writer.report(ClusterState.empty(), List.of(), List.of(problem));
    until(() -> events().size() == 1);

    writer.report(ClusterState.empty(), List.of(), List.of(problem)); // lasts: not again
    writer.report(ClusterState.empty(), List.of(), List.of());
    until(() -> writer.health().pending() == 0);
    sleep(300);
    assertThat(events().getFirst().getCount()).isEqualTo(1);
    writer.report(ClusterState.empty(), List.of(), List.of(problem));

    until(() -> events().getFirst().getCount() == 2);
    assertThat(events()).hasSize(1);
  }

  @Test
  void onlyWhatDiffersIsWritten() {
    ApiServer api = connect();
    StatusWriter writer = writer(api, "one", ADDRESS);
    var statuses = List.of(ObjectStatus.running(MAPPING, 1), ObjectStatus.running(INGRESS, 1));
    writer.report(ClusterState.empty(), statuses, List.of());
    until(() -> writer.health().written() == 2 && writer.health().pending() == 0);
    String version = version();

    writer.report(ClusterState.empty(), statuses, List.of());
    writer.close();
    StatusWriter next = writer(api, "two", ADDRESS);
    next.report(ClusterState.empty(), statuses, List.of());
    until(() -> next.health().leader() && next.health().pending() == 0);
    sleep(500);

    assertThat(version()).isEqualTo(version);
    assertThat(next.health().written()).isZero();
  }

  @Test
  void theAddressIsWithdrawnFromAnIngressThatIsNoLongerOursEvenByALaterLife() {
    ApiServer api = connect();
    StatusWriter writer = writer(api, "one", ADDRESS);
    var claimed = List.of(ObjectStatus.running(INGRESS, 1));
    writer.report(ClusterState.empty(), claimed, List.of());
    until(() -> !addresses().isEmpty());

    writer.report(ClusterState.empty(), List.of(), List.of());
    until(() -> addresses().isEmpty());
    writer.report(ClusterState.empty(), claimed, List.of());
    until(() -> !addresses().isEmpty());
    writer.close();

    StatusWriter later = writer(api, "two", ADDRESS);
    later.report(ClusterState.empty(), List.of(), List.of());
    until(() -> addresses().isEmpty());
  }

  @Test
  void whatAnotherControllerPublishedIsLeftAlone() {
    ApiServer api = connect();
    StatusWriter writer = writer(api, "one", ADDRESS);
    writer.report(ClusterState.empty(), List.of(ObjectStatus.running(INGRESS, 1)), List.of());
    until(() -> !addresses().isEmpty());

    admin
        .network()
        .v1()
        .ingresses()
        .inNamespace("front")
        .withName("i")
        .editStatus(i -> {
          var entry = i.getStatus().getLoadBalancer().getIngress().getFirst();
          entry.setHostname(null);
          entry.setIp("198.51.100.7");
          i.getStatus().getLoadBalancer().setIngress(List.of(entry));
          return i;
        });
    writer.report(ClusterState.empty(), List.of(), List.of());
    until(() -> writer.health().pending() == 0);
    sleep(500);

    assertThat(addresses()).containsExactly("198.51.100.7");
  }

  @Test
  void publishesWhatTheServiceSaysAndFollowsIt() {
    apply(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: selvage-gateway, namespace: selvage}
        spec: {type: LoadBalancer, ports: [{port: 80}], externalIPs: [203.0.113.9]}
        """);
    ApiServer api = connect();
    StatusWriter writer =
        writer(api, "one", PublishedAddress.OfService.parse("selvage/selvage-gateway"));
    writer.report(ClusterState.empty(), List.of(ObjectStatus.running(INGRESS, 1)), List.of());
    until(() -> addresses().equals(List.of("203.0.113.9")));

    admin
        .services()
        .inNamespace("selvage")
        .withName("selvage-gateway")
        .editStatus(s -> {
          s.getStatus()
              .setLoadBalancer(
                  new LoadBalancerStatusBuilder()
                      .addNewIngress()
                      .withHostname("lb.example")
                      .endIngress()
                      .build());
          return s;
        });

    until(() -> addresses().equals(List.of("203.0.113.9", "lb.example")));
  }

  @Test
  void oneReplicaWritesAndTheNextTakesOverAtOnceOrAfterACrash() throws Exception {
    ApiServer first = connect();
    StatusWriter one = writer(first, "one", ADDRESS);
    until(() -> holder().equals("one"));
    StatusWriter two = writer(connect(), "two", ADDRESS);
    two.report(ClusterState.empty(), List.of(ObjectStatus.running(INGRESS, 1)), List.of());
    sleep(1000);
    assertThat(two.health().leader()).isFalse();
    assertThat(addresses()).isEmpty();

    one.close();
    until(() -> holder().equals("two") && !addresses().isEmpty());

    // A crash: connections end without a release, the lease has to run out.
    ((ApiServer) open.get(open.size() - 2)).close();
    StatusWriter three = writer(connect(), "three", ADDRESS);
    until(() -> holder().equals("three"));
    assertThat(three.health().leader()).isTrue();
  }

  @Test
  void statusesWaitWhileTheServerIsAwayAndTheNewestIsWritten() throws Exception {
    ApiServer api = connect();
    StatusWriter writer = writer(api, "one", ADDRESS);
    writer.report(ClusterState.empty(), List.of(ObjectStatus.running(MAPPING, 1)), List.of());
    until(() -> "Running".equals(status(MAPPING).get("state")));

    kube.server().killServer();
    for (int i = 0; i < 5; i++) {
      long begun = System.nanoTime();
      writer.report(ClusterState.empty(), List.of(inactive("Reason" + i)), List.of());
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofMillis(50));
      sleep(200);
    }
    kube.server().startServer();

    until(() -> "Reason4".equals(status(MAPPING).get("reason")));
    assertThat(status(MAPPING)).containsEntry("state", "Inactive");
  }

  @Test
  void aStatusThatIsRefusedDoesNotHoldUpTheOthers() {
    admin
        .rbac()
        .clusterRoles()
        .withName("selvage-gateway")
        .edit(role -> {
          role.getRules().forEach(rule -> rule.getResources().remove("mappings/status"));
          return role;
        });
    sleep(1000); // until the API server's own view of the rights has followed
    StatusWriter writer = writer(connect(), "one", ADDRESS);
    var mapping = ObjectStatus.running(MAPPING, 1);
    writer.report(ClusterState.empty(), List.of(mapping), List.of());
    until(() -> writer.health().failures() > 0);

    writer.report(
        ClusterState.empty(), List.of(mapping, ObjectStatus.running(INGRESS, 1)), List.of());

    until(() -> !addresses().isEmpty());
    assertThat(status(MAPPING)).isEmpty();
  }

  private static ObjectStatus inactive(String reason) {
    return new ObjectStatus(MAPPING, 1, State.INACTIVE, reason, "", List.of());
  }

  private ApiServer connect() {
    String token =
        admin
            .serviceAccounts()
            .inNamespace("selvage")
            .withName("selvage-gateway")
            .tokenRequest(new TokenRequestBuilder().withNewSpec().endSpec().build())
            .getStatus()
            .getToken();
    ApiServer api = ApiServer.connect(kube.config(token), ApiServerOptions.DEFAULT);
    open.add(api);
    return api;
  }

  private StatusWriter writer(ApiServer api, String identity, PublishedAddress address) {
    StatusWriter writer =
        StatusWriter.start(
            api,
            StatusOptions.of("selvage", identity, address)
                .withLease(Duration.ofSeconds(4), Duration.ofSeconds(3), Duration.ofMillis(300))
                .withAddressEvery(Duration.ofMillis(300)));
    open.add(writer);
    return writer;
  }

  private long generation() {
    return state.get().find(MAPPING).orElseThrow().metadata().generation();
  }

  private String holder() {
    var lease = admin.leases().inNamespace("selvage").withName(StatusOptions.DEFAULT_LEASE).get();
    return lease == null || lease.getSpec().getHolderIdentity() == null
        ? ""
        : lease.getSpec().getHolderIdentity();
  }

  private GenericKubernetesResource mapping() {
    return admin
        .genericKubernetesResources("getambassador.io/v3alpha1", "Mapping")
        .inNamespace("front")
        .withName("m")
        .get();
  }

  private String version() {
    return mapping().getMetadata().getResourceVersion();
  }

  @SuppressWarnings("unchecked")
  private Map<String, Object> status(ObjectRef ref) {
    assertThat(ref).isEqualTo(MAPPING);
    return (Map<String, Object>)
        mapping().getAdditionalProperties().getOrDefault("status", Map.of());
  }

  private List<String> addresses() {
    var status =
        admin.network().v1().ingresses().inNamespace("front").withName("i").get().getStatus();
    return status.getLoadBalancer() == null
        ? List.of()
        : status.getLoadBalancer().getIngress().stream()
            .map(a -> a.getIp() == null ? a.getHostname() : a.getIp())
            .toList();
  }

  private List<Event> events() {
    return admin.v1().events().inNamespace("front").list().getItems();
  }

  private void apply(String yaml) {
    Crds.apply(admin, new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)));
  }

  private static void assertForbidden(Callable<?> call) {
    assertThatThrownBy(call::call)
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(403));
  }

  private static void until(Callable<Boolean> condition) {
    await().atMost(LIMIT).pollInterval(Duration.ofMillis(50)).until(condition);
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
