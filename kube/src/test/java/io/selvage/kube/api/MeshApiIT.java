// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.EventSink;
import io.selvage.kube.KindSelection;
import io.selvage.kube.RealApiServer;
import io.selvage.kube.TokenVerifier.Refused;
import io.selvage.kube.TokenVerifier.Result;
import io.selvage.kube.TokenVerifier.Unavailable;
import io.selvage.kube.TokenVerifier.Verified;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.Workloads;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the mesh asks of an API server, asked of a real one. */
@ExtendWith(RealApiServer.class)
class MeshApiIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String AUDIENCE = "identity.selvage.io";
  private static final String NS = "mesh-it";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final RealApiServer.Handle kube;
  private final KubernetesClient admin;
  private ApiServer api;

  MeshApiIT(RealApiServer.Handle kube) {
    this.kube = kube;
    this.admin = kube.admin();
  }

  @BeforeEach
  void connect() {
    api =
        ApiServer.connect(
            kube.adminConfig(), ApiServerOptions.DEFAULT.withUserAgent("selvage-control-plane"));
    admin
        .resource(new NamespaceBuilder().withNewMetadata().withName(NS).endMetadata().build())
        .unlock()
        .createOr(existing -> existing.update());
    admin
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withNamespace(NS)
                .withName("web")
                .endMetadata()
                .build())
        .unlock()
        .createOr(existing -> existing.update());
  }

  @AfterEach
  void close() {
    api.close();
    admin.pods().inNamespace(NS).withGracePeriod(0).delete();
    admin.apps().replicaSets().inNamespace(NS).delete();
    admin.configMaps().inNamespace(NS).delete();
  }

  @Test
  void aBoundTokenForOurAudienceNamesItsAccountAndPod() {
    Pod pod = createPod("p1");

    Result result = verifier().verify(token(AUDIENCE, pod));

    assertThat(result)
        .isEqualTo(
            new Verified(
                "system:serviceaccount:" + NS + ":web",
                admin
                    .serviceAccounts()
                    .inNamespace(NS)
                    .withName("web")
                    .get()
                    .getMetadata()
                    .getUid(),
                "p1",
                List.of(AUDIENCE)));
  }

  @Test
  void anotherAudienceIsRefusedEvenTheApiServersOwn() {
    Pod pod = createPod("p2");
    String issuer = "https://kubernetes.default.svc.cluster.local";

    for (String other : List.of("vault", issuer)) {
      assertThat(verifier().verify(token(other, pod))).isInstanceOf(Refused.class);
    }
    assertThat(verifier().verify(kube.server().adminToken())).isInstanceOf(Refused.class);
  }

  @Test
  void aTokenDiesWithItsPod() {
    Pod pod = createPod("p3");
    String token = token(AUDIENCE, pod);
    assertThat(verifier().verify(token)).isInstanceOf(Verified.class);

    admin.pods().inNamespace(NS).withName("p3").withGracePeriod(0).delete();

    // The API server remembers a good token for some seconds.
    await()
        .atMost(LIMIT)
        .untilAsserted(() -> assertThat(verifier().verify(token)).isInstanceOf(Refused.class));
  }

  @Test
  void forgedAndBrokenTokensAreRefused() {
    String good = token(AUDIENCE, createPod("p4"));
    int dot = good.lastIndexOf('.');
    String forged = good.substring(0, dot + 1) + good.substring(dot + 1).replace('A', 'B');
    String big = "a".repeat(TokenReview.MAX_TOKEN_CHARS);

    for (String bad : List.of(forged, good + "x", "a.b.c", "", "a b", "a\r\nb", big, big + "a")) {
      assertThat(verifier().verify(bad)).isInstanceOf(Refused.class);
    }
    assertThat(((Refused) verifier().verify(big + "a")).reason()).isEqualTo("not a token");
  }

  @Test
  void anAccountThatMayNotReviewIsToldSo() {
    String poor = token("https://kubernetes.default.svc.cluster.local", createPod("p5"));
    try (ApiServer unprivileged = ApiServer.connect(kube.config(poor), ApiServerOptions.DEFAULT)) {
      var verifier = new TokenReview(unprivileged, AUDIENCE);

      assertThat(verifier.missingPermission().orElseThrow())
          .contains("tokenreviews.authentication.k8s.io")
          .contains("system:auth-delegator");
      assertThat(verifier.verify(token(AUDIENCE, createPod("p6"))))
          .isInstanceOfSatisfying(
              Unavailable.class, u -> assertThat(u.reason()).contains("forbidden"));
    }
    assertThat(verifier().missingPermission()).isEmpty();
  }

  @Test
  void podsAreReadWithTheirOwnersAndTheRestByMetadata() {
    createReplicaSet();
    Pod pod = createPod("web-abc-1");
    admin
        .pods()
        .resource(pod)
        .edit(p -> {
          p.getMetadata()
              .setOwnerReferences(
                  List.of(
                      new OwnerReferenceBuilder()
                          .withApiVersion("apps/v1")
                          .withKind("ReplicaSet")
                          .withName("web-abc")
                          .withUid("u")
                          .withController(true)
                          .build()));
          p.getMetadata().getAnnotations().put("example.com/large", "x".repeat(1000));
          p.getMetadata().getAnnotations().put("config.selvage.io/opaque-ports", "25");
          return p;
        });
    var recorder = new StateRecorder();
    try (ClusterStateSource source = api.source(KindSelection.CONTROL_PLANE)) {
      source.start(recorder);
      await().atMost(LIMIT).until(() -> recorder.find(Kind.POD, NS, "web-abc-1").isPresent());

      var read = recorder.find(Kind.POD, NS, "web-abc-1").orElseThrow();
      assertThat(read.metadata().annotations())
          .containsExactly(Map.entry("config.selvage.io/opaque-ports", "25"));
      assertThat(Workloads.ownerOf(read, recorder.latest()))
          .isEqualTo(new Workloads.Workload(NS, "Deployment", "web"));
      assertThat(recorder.find(Kind.NAMESPACE, "", NS)).isPresent();
      assertThat(recorder.find(Kind.SERVICE_ACCOUNT, NS, "web")).isPresent();

      admin
          .pods()
          .inNamespace(NS)
          .withName("web-abc-1")
          .editStatus(p -> {
            p.getStatus().setPodIP("10.9.8.7");
            p.getStatus().setPodIPs(List.of(new PodIP("10.9.8.7")));
            p.getStatus().setPhase("Running");
            return p;
          });
      await()
          .atMost(LIMIT)
          .until(() ->
              recorder
                  .find(Kind.POD, NS, "web-abc-1")
                  .orElseThrow()
                  .addresses()
                  .equals(List.of("10.9.8.7")));
      // Metadata-only watches live on: what comes later is heard of too.
      admin.namespaces().resource(namespace("mesh-it-later")).create();
      await()
          .atMost(LIMIT)
          .until(() -> recorder.find(Kind.NAMESPACE, "", "mesh-it-later").isPresent());
      assertThat(source.health().connected()).isTrue();
    } finally {
      admin.namespaces().withName("mesh-it-later").delete();
    }
  }

  @Test
  void onlyMetadataTravelsWhereOnlyMetadataIsWanted() {
    createReplicaSet();
    try (var _ = api.source(KindSelection.CONTROL_PLANE)) {
      var list = api.client().apps().replicaSets().inNamespace(NS).list().getItems();
      assertThat(list).hasSize(1);
      assertThat(list.getFirst().getSpec()).isNull();
      assertThat(list.getFirst().getMetadata().getOwnerReferences()).hasSize(1);
      var one = api.client().apps().replicaSets().inNamespace(NS).withName("web-abc").get();
      assertThat(one.getSpec()).isNull();
      assertThat(api.client().pods().inNamespace(NS).list().getItems())
          .allSatisfy(p -> assertThat(p.getSpec()).isNotNull());
    }
  }

  @Test
  void aSingleObjectIsReadWithoutItsNeighbours() {
    configMap("roots", "one");
    configMap("others", "two");
    var recorder = new StateRecorder();
    var only = KindSelection.of(KindSelection.Entry.single(Kind.CONFIG_MAP, NS, "roots"));
    try (ClusterStateSource source = api.source(only)) {
      source.start(recorder);
      await().atMost(LIMIT).until(() -> recorder.find(Kind.CONFIG_MAP, NS, "roots").isPresent());
      assertThat(recorder.latest().size()).isEqualTo(1);
    }
  }

  @Test
  void namedObjectsAreWatchedAndReplacedByTheVersionRead() throws Exception {
    var objects = new NamedObjects(api);
    var type = NamedObjects.Type.CONFIG_MAP;
    var seen = new CopyOnWriteArrayList<String>();
    try (AutoCloseable _ =
        objects.watch(
            type, NS, "mine", o -> seen.add(o.map(c -> c.at("/data/a").asText()).orElse("-")))) {
      assertThat(objects.get(type, NS, "mine")).isEmpty();
      ObjectNode created = objects.create(type, map("mine", "1"));
      assertThatThrownBy(() -> objects.create(type, map("mine", "2")))
          .isInstanceOfSatisfying(ApiCallException.class, e -> assertThat(e.isConflict()).isTrue());
      created.withObject("data").put("a", "3");
      objects.replace(type, created);
      assertThatThrownBy(() -> objects.replace(type, created))
          .isInstanceOfSatisfying(ApiCallException.class, e -> assertThat(e.isConflict()).isTrue());
      assertThat(objects.get(type, NS, "mine").orElseThrow().at("/data/a").asText()).isEqualTo("3");
      await().atMost(LIMIT).until(() -> seen.contains("3"));
      admin.configMaps().inNamespace(NS).withName("mine").delete();
      await().atMost(LIMIT).until(() -> seen.getLast().equals("-"));
    }
  }

  @Test
  void theSameEventIsCounted() {
    var event =
        new EventSink.Event(
            new EventSink.Subject("v1", "ServiceAccount", NS, "web", ""),
            EventSink.Type.NORMAL,
            "Injected",
            "sidecar injected");
    try (ApiEvents events = ApiEvents.start(api, "test")) {
      events.record(event);
      events.record(event);
      await().atMost(LIMIT).until(() -> events.written() == 2);
    }
    var found =
        admin.v1().events().inNamespace(NS).list().getItems().stream()
            .filter(e -> e.getReason().equals("Injected"))
            .toList();
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().getCount()).isEqualTo(2);
    assertThat(found.getFirst().getReportingComponent()).isEqualTo("selvage-control-plane");
  }

  private TokenReview verifier() {
    return new TokenReview(api, AUDIENCE);
  }

  private String token(String audience, Pod pod) {
    return admin
        .serviceAccounts()
        .inNamespace(NS)
        .withName("web")
        .tokenRequest(
            new TokenRequestBuilder()
                .withNewSpec()
                .withAudiences(audience)
                .withExpirationSeconds(600L)
                .withNewBoundObjectRef()
                .withApiVersion("v1")
                .withKind("Pod")
                .withName(pod.getMetadata().getName())
                .withUid(pod.getMetadata().getUid())
                .endBoundObjectRef()
                .endSpec()
                .build())
        .getStatus()
        .getToken();
  }

  private Pod createPod(String name) {
    return admin
        .pods()
        .inNamespace(NS)
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(NS)
                .endMetadata()
                .withNewSpec()
                .withServiceAccountName("web")
                .addNewContainer()
                .withName("app")
                .withImage("app:1")
                .endContainer()
                .endSpec()
                .build())
        .create();
  }

  private void createReplicaSet() {
    admin
        .resource(
            """
            apiVersion: apps/v1
            kind: ReplicaSet
            metadata:
              name: web-abc
              namespace: %s
              ownerReferences:
                - {apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}
            spec:
              replicas: 0
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec: {containers: [{name: app, image: "app:1"}]}
            """
                .formatted(NS))
        .create();
  }

  private void configMap(String name, String value) {
    admin
        .configMaps()
        .inNamespace(NS)
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .addToData("a", value)
                .build())
        .create();
  }

  private static ObjectNode map(String name, String value) {
    ObjectNode map = JSON.createObjectNode();
    map.putObject("metadata").put("name", name).put("namespace", NS);
    map.putObject("data").put("a", value);
    return map;
  }

  private static Namespace namespace(String name) {
    return new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build();
  }
}
