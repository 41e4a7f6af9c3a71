// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.IngressBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.RealApiServer;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.kube.EndpointSlice;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.Secret;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The API-server source against a real kube-apiserver. */
@ExtendWith(RealApiServer.class)
@TestMethodOrder(MethodOrderer.MethodName.class)
class ApiServerSourceIT {
  private static final Logger log = LoggerFactory.getLogger(ApiServerSourceIT.class);
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final RealApiServer.Handle kube;
  private final KubernetesClient admin;
  private final StateRecorder recorder = new StateRecorder();
  private ApiServer api;
  private ClusterStateSource source;

  ApiServerSourceIT(RealApiServer.Handle kube) {
    this.kube = kube;
    this.admin = kube.admin();
  }

  @BeforeEach
  void makeNamespace() {
    admin
        .resource(new NamespaceBuilder().withNewMetadata().withName("shop").endMetadata().build())
        .unlock()
        .createOr(existing -> existing.update());
  }

  @AfterEach
  void close() {
    if (source != null) {
      source.close();
      api.close();
    }
    admin.services().inNamespace("shop").delete();
    admin.secrets().inNamespace("shop").delete();
    admin.network().v1().ingresses().inNamespace("shop").delete();
    admin.discovery().v1().endpointSlices().inNamespace("shop").delete();
    admin.endpoints().inNamespace("shop").delete();
  }

  @Test
  void publishesEverythingOnceAndThenChangesByLane() {
    apply(service("web", 80) + "---\n" + slice("10.0.0.1"));
    start(ApiServerOptions.DEFAULT);

    assertThat(recorder.changes.getFirst()).isInstanceOf(ClusterChange.Synced.class);
    assertThat(recorder.find(Kind.SERVICE, "shop", "web")).isPresent();
    assertThat(addresses()).containsExactly("10.0.0.1");
    assertThat(source.health().synced()).isTrue();
    until(() -> source.health().connected());
    int before = recorder.changes.size();

    apply(slice("10.0.0.2"));
    until(() -> addresses().equals(List.of("10.0.0.2")));
    assertThat(recorder.changes.get(before)).isInstanceOf(ClusterChange.EndpointsChanged.class);

    admin.services().inNamespace("shop").withName("web").delete();
    until(() -> recorder.find(Kind.SERVICE, "shop", "web").isEmpty());
  }

  @Test
  void aStatusOrAnAnnotationNobodyReadsIsNoChange() {
    apply(ingress());
    start(ApiServerOptions.DEFAULT);
    int before = recorder.changes.size();

    admin
        .network()
        .v1()
        .ingresses()
        .inNamespace("shop")
        .withName("i")
        .editStatus(i ->
            new IngressBuilder(i)
                .withNewStatus()
                .withNewLoadBalancer()
                .addNewIngress()
                .withIp("1.2.3.4")
                .endIngress()
                .endLoadBalancer()
                .endStatus()
                .build());
    admin
        .network()
        .v1()
        .ingresses()
        .inNamespace("shop")
        .withName("i")
        .edit(i ->
            new IngressBuilder(i)
                .editMetadata()
                .addToAnnotations("kubectl.kubernetes.io/last-applied-configuration", "x")
                .endMetadata()
                .build());
    apply(service("later", 80));
    until(() -> recorder.find(Kind.SERVICE, "shop", "later").isPresent());

    assertThat(recorder.changes).hasSize(before + 1);
  }

  @Test
  void keepsOfSecretsOnlyWhatTlsCanUse() {
    apply(
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: opaque, namespace: shop}
        stringData: {password: hunter2, ca.crt: authority}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: release, namespace: shop}
        type: helm.sh/release.v1
        stringData: {release: large}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: other, namespace: shop}
        type: example.com/other
        stringData: {tls.crt: x}
        """);

    start(ApiServerOptions.DEFAULT);

    assertThat(
            recorder.find(Kind.SECRET, "shop", "opaque").map(Secret::data).orElseThrow().keySet())
        .containsExactly("ca.crt");
    assertThat(recorder.find(Kind.SECRET, "shop", "release")).isEmpty();
    assertThat(recorder.find(Kind.SECRET, "shop", "other"))
        .hasValueSatisfying(s -> {
          assertThat(s.type()).isEqualTo("example.com/other");
          assertThat(s.data()).isEmpty();
        });
  }

  @Test
  void oneNamespaceMeansNoOther() {
    apply(service("web", 80));
    start(ApiServerOptions.DEFAULT.inNamespace("default"));

    assertThat(recorder.latest().all(Kind.SERVICE))
        .allMatch(s -> s.metadata().namespace().equals("default"));
    assertThat(recorder.latest().refs()).noneMatch(r -> r.namespace().equals("shop"));
  }

  @Test
  void theStateStaysWhileTheServerIsKilledAndCatchesUpAfterwards() throws Exception {
    apply(service("web", 80) + "---\n" + service("doomed", 80));
    start(ApiServerOptions.DEFAULT);
    until(() -> source.health().connected());
    int before = recorder.changes.size();

    kube.server().killServer();
    until(() -> !source.health().connected());
    Thread.sleep(3000);
    assertThat(recorder.changes).hasSize(before);
    assertThat(source.health().detail()).contains("services");

    kube.server().startServer();
    apply(service("new", 90));
    admin.services().inNamespace("shop").withName("doomed").delete();
    long begun = System.nanoTime();
    until(() ->
        recorder.find(Kind.SERVICE, "shop", "new").isPresent()
            && recorder.find(Kind.SERVICE, "shop", "doomed").isEmpty());
    log.info("caught up in {} ms", (System.nanoTime() - begun) / 1_000_000);
    until(() -> source.health().connected());
    assertThat(source.health().reconnects()).isGreaterThanOrEqualTo(1);
    // Nothing flapped: at no time was the surviving Service missing.
    assertThat(recorder.changes)
        .allSatisfy(c -> assertThat(c.state().find(Kind.SERVICE, "shop", "web")).isPresent());
  }

  @Test
  void startsWithoutAServerAndPublishesOnceItIsThere() throws Exception {
    apply(service("web", 80));
    kube.server().killServer();
    api = ApiServer.connect(kube.adminConfig(), ApiServerOptions.DEFAULT);
    source = api.source();
    source.start(recorder);
    Thread.sleep(1500);
    assertThat(recorder.isSynced()).isFalse();
    assertThat(source.health().synced()).isFalse();
    assertThat(source.health().detail()).isNotEmpty();

    kube.server().startServer();

    until(recorder::isSynced);
    assertThat(recorder.changes.getFirst().state().find(Kind.SERVICE, "shop", "web")).isPresent();
  }

  @Test
  void zzCustomResourcesAreReadWhenTheyAreInstalledLaterWhateverTheVersion() {
    var definition =
        admin
            .apiextensions()
            .v1()
            .customResourceDefinitions()
            .withName("mappings.getambassador.io");
    definition.delete();
    until(() -> definition.get() == null);
    start(ApiServerOptions.DEFAULT);
    assertThat(recorder.latest().all(EmissaryKinds.MAPPING)).isEmpty();
    assertThat(recorder.latest().problems()).isEmpty();

    admin.load(getClass().getResourceAsStream("/crd-mapping-v2.yaml")).create();
    until(() -> createMapping("good", "{prefix: /a/, service: web}"));
    until(() -> recorder.find(EmissaryKinds.MAPPING, "shop", "good").isPresent());

    createMapping("bad", "{prefix: /b/, service: [web]}");
    until(() -> recorder.reasons().contains("WrongType"));
    createMapping("odd", "{prefix: /c/, service: web, prefx: /c/}");
    until(() -> recorder.reasons().contains("UnknownField"));
    createMapping("good", "{prefix: 7, service: web}");
    until(() -> recorder.latest().problems().size() == 3);

    assertThat(recorder.latest().problems())
        .extracting(Object::toString)
        .containsExactly(
            "ERROR Mapping shop/bad spec.service: expected text (WrongType)",
            "ERROR Mapping shop/good spec.prefix: expected text; the version before stays live"
                + " (WrongType)",
            "WARNING Mapping shop/odd spec.prefx: the field is unknown and ignored (UnknownField)");
    assertThat(recorder.find(EmissaryKinds.MAPPING, "shop", "good").orElseThrow().spec().prefix())
        .isEqualTo("/a/");
  }

  private boolean createMapping(String name, String spec) {
    try {
      apply(
          """
          apiVersion: getambassador.io/v2
          kind: Mapping
          metadata: {name: %s, namespace: shop}
          spec: %s
          """
              .formatted(name, spec));
      return true;
    } catch (io.fabric8.kubernetes.client.KubernetesClientException e) {
      return false; // not served yet
    }
  }

  private void start(ApiServerOptions options) {
    api = ApiServer.connect(kube.adminConfig(), options);
    source = api.source();
    source.start(recorder);
    until(recorder::isSynced);
  }

  private void apply(String yaml) {
    for (HasMetadata object : admin.load(stream(yaml)).items()) {
      admin.resource(object).unlock().createOr(existing -> existing.update());
    }
  }

  private List<String> addresses() {
    return recorder
        .find(Kind.ENDPOINT_SLICE, "shop", "web-1")
        .map(EndpointSlice::endpoints)
        .map(e -> e.getFirst().addresses())
        .orElse(List.of());
  }

  private static void until(java.util.concurrent.Callable<Boolean> condition) {
    await().atMost(LIMIT).pollInterval(Duration.ofMillis(20)).until(condition);
  }

  private static java.io.InputStream stream(String text) {
    return new java.io.ByteArrayInputStream(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private static String ingress() {
    return """
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: i, namespace: shop}
    spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    """;
  }

  private static String service(String name, int port) {
    return """
    apiVersion: v1
    kind: Service
    metadata: {name: %s, namespace: shop}
    spec: {ports: [{port: %d}]}
    """
        .formatted(name, port);
  }

  private static String slice(String address) {
    return """
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
    addressType: IPv4
    endpoints: [{addresses: ["%s"]}]
    ports: [{port: 1}]
    """
        .formatted(address);
  }
}
