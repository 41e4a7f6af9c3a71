// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.selvage.injector.Trees;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.testkit.KubeApiServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The injector with exactly the permissions of its manifest, called by a real kube-apiserver that
 * creates pods.
 */
class InjectorIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String ROOTS = "selvage-trust-roots";

  @TempDir static Path dir;

  private static KubeApiServer kube;
  private static KubernetesClient admin;
  private static InjectorProcess injector;

  @BeforeAll
  static void start() throws Exception {
    kube = KubeApiServer.startOrSkip(dir);
    admin = new KubernetesClientBuilder().withConfig(config(kube.adminToken())).build();
    namespace("selvage", Map.of());
    namespace("shop", Map.of("selvage.io/inject", "enabled"));
    namespace("plain", Map.of());
    roots("first");
    applyRights();
    injector =
        InjectorProcess.start(
            new InjectorOptions(
                "127.0.0.1",
                0,
                "127.0.0.1",
                0,
                "selvage",
                InjectorOptions.NAME,
                List.of("127.0.0.1"),
                false,
                Optional.empty(),
                Trees.settings(),
                "test"),
            ApiServer.connect(
                config(token()), ApiServerOptions.DEFAULT.withUserAgent(InjectorOptions.NAME)));
    int port = injector.listening().get(60, TimeUnit.SECONDS);
    await().atMost(LIMIT).until(() -> injector.obstacles().isEmpty());
    register(port);
    await().atMost(LIMIT).until(() -> !caBundle().isEmpty());
    // The API server hears of its own webhooks a little later.
    await()
        .atMost(LIMIT)
        .ignoreExceptions()
        .until(() -> isInjected(create("shop", "probe-" + System.nanoTime(), Map.of())));
  }

  @AfterAll
  static void close() {
    if (injector != null) {
      injector.close();
    }
    if (admin != null) {
      admin.close();
    }
    if (kube != null) {
      kube.close();
    }
  }

  @Test
  void aPodThatIsCreatedGetsItsSidecarFromTheApiServerItself() throws Exception {
    Pod pod = create("shop", "web", Map.of());

    List<Container> init = pod.getSpec().getInitContainers();
    assertThat(init)
        .extracting(Container::getName)
        .containsExactly("selvage-init", "selvage-proxy");
    assertThat(init.get(1).getRestartPolicy()).isEqualTo("Always");
    assertThat(init.get(1).getSecurityContext().getRunAsUser()).isEqualTo(2102L);
    assertThat(pod.getMetadata().getLabels())
        .containsEntry("selvage.io/control-plane-ns", "selvage");
    assertThat(isInjected(create("plain", "web", Map.of()))).isFalse();
    assertThat(isInjected(create("shop", "without", Map.of("selvage.io/inject", "disabled"))))
        .isFalse();
    assertThat(isInjected(create("plain", "with", Map.of("selvage.io/inject", "enabled"))))
        .isTrue();
    assertThat(get("/metrics").body())
        .contains("selvage_inject_admission_responses_total")
        .contains("selvage_inject_registered 1.0");
    assertThat(get("/ready").statusCode()).isEqualTo(200);
    assertThat(get("/live").statusCode()).isEqualTo(200);
  }

  @Test
  void everyLayoutIsAPodTheApiServerTakes() {
    assertThat(
            create(
                    "shop",
                    "classic",
                    Map.of(
                        "config.selvage.io/proxy-enable-native-sidecar", "false",
                        "config.selvage.io/proxy-wait-before-exit-seconds", "5",
                        "config.selvage.io/proxy-cpu-limit", "1",
                        "config.selvage.io/proxy-ephemeral-storage-limit", "20Mi",
                        "config.selvage.io/skip-subnets", "10.0.0.0/8"))
                .getSpec()
                .getContainers())
        .extracting(Container::getName)
        .containsExactly("selvage-proxy", "app");
  }

  @Test
  void aBadOptionIsRefusedToThePersonWhoApplies() {
    assertThatThrownBy(
            () -> create("shop", "bad", Map.of("config.selvage.io/default-inbound-policy", "dney")))
        .isInstanceOf(KubernetesClientException.class)
        .hasMessageContaining("config.selvage.io/default-inbound-policy")
        .hasMessageContaining("dney");
  }

  @Test
  void theDeploymentHearsOfItAndADryRunLeavesNoTrace() {
    ReplicaSet made =
        (ReplicaSet)
            admin
                .resource(
                    """
                    apiVersion: apps/v1
                    kind: ReplicaSet
                    metadata:
                      name: api-abc
                      namespace: shop
                      ownerReferences:
                        - {apiVersion: apps/v1, kind: Deployment, name: api, uid: d1, controller: true}
                    spec:
                      replicas: 0
                      selector: {matchLabels: {app: api}}
                      template:
                        metadata: {labels: {app: api}}
                        spec: {containers: [{name: app, image: "app:1"}]}
                    """)
                .create();

    String uid = made.getMetadata().getUid();
    // One that is not there under this uid gets no Event, whatever a review says.
    admin.resource(owned("api-abc-0", "r1")).create();
    Pod pod = admin.resource(owned("api-abc-1", uid)).create();

    assertThat(pod.getMetadata().getLabels())
        .containsEntry("selvage.io/workload-kind", "deployment")
        .containsEntry("selvage.io/workload-name", "api");
    await().atMost(LIMIT).until(() -> events("api") == 1);
    admin.resource(owned("api-abc-2", uid)).dryRun().create();
    admin.resource(owned("api-abc-3", uid)).create();
    await().atMost(LIMIT).until(() -> events("api") == 2);
  }

  @Test
  void aRegistrationOrSecretThatIsSpoiltIsPutRight() {
    String bundle = caBundle();
    admin
        .admissionRegistration()
        .v1()
        .mutatingWebhookConfigurations()
        .withName(InjectorOptions.NAME)
        .edit(c -> {
          c.getWebhooks().getFirst().getClientConfig().setCaBundle(null);
          return c;
        });
    await().atMost(LIMIT).until(() -> caBundle().equals(bundle));

    admin.secrets().inNamespace("selvage").withName(InjectorOptions.SECRET).delete();
    await()
        .atMost(LIMIT)
        .until(() ->
            admin.secrets().inNamespace("selvage").withName(InjectorOptions.SECRET).get() != null);
    assertThat(caBundle()).isEqualTo(bundle);
    assertThat(isInjected(create("shop", "after-loss", Map.of()))).isTrue();

    admin
        .secrets()
        .inNamespace("selvage")
        .withName(InjectorOptions.SECRET)
        .edit(s -> new SecretBuilder(s).addToData("tls.key", "AAAA").build());
    await()
        .atMost(LIMIT)
        .until(() -> !secret().getData().getOrDefault("tls.key", "AAAA").equals("AAAA"));
    assertThat(secret().getType()).isEqualTo("kubernetes.io/tls");
    assertThat(secret().getData()).containsEntry("ca.crt", bundle);
    assertThat(caBundle()).isEqualTo(bundle);
    assertThat(isInjected(create("shop", "after-damage", Map.of()))).isTrue();
  }

  @Test
  void trustRootsAreInEveryNamespaceAndFollowTheOriginal() {
    await()
        .atMost(LIMIT)
        .until(() -> "first".equals(copy("shop")) && "first".equals(copy("plain")));
    assertThat(copy("kube-system")).isEmpty();

    admin
        .configMaps()
        .inNamespace("shop")
        .withName(ROOTS)
        .edit(m -> new ConfigMapBuilder(m).addToData("ca-bundle.crt", "forged").build());
    await().atMost(LIMIT).until(() -> "first".equals(copy("shop")));

    roots("second");
    await().atMost(LIMIT).until(() -> "second".equals(copy("shop")));
    namespace("late", Map.of());
    await().atMost(LIMIT).until(() -> "second".equals(copy("late")));
    roots("first");
    await().atMost(LIMIT).until(() -> "first".equals(copy("late")));
  }

  private static Secret secret() {
    return admin.secrets().inNamespace("selvage").withName(InjectorOptions.SECRET).get();
  }

  private static Pod owned(String name, String uid) {
    return (Pod)
        admin
            .resource(
                """
                apiVersion: v1
                kind: Pod
                metadata:
                  name: %s
                  namespace: shop
                  labels: {app: api, pod-template-hash: abc}
                  ownerReferences:
                    - {apiVersion: apps/v1, kind: ReplicaSet, name: api-abc, uid: %s,
                       controller: true}
                spec: {serviceAccountName: default, containers: [{name: app, image: "app:1"}]}
                """
                    .formatted(name, uid))
            .item();
  }

  private static int events(String object) {
    return admin.v1().events().inNamespace("shop").list().getItems().stream()
        .filter(e -> object.equals(e.getInvolvedObject().getName()))
        .filter(e -> "Injected".equals(e.getReason()))
        .mapToInt(e -> e.getCount() == null ? 1 : e.getCount())
        .sum();
  }

  private static Pod create(String namespace, String name, Map<String, String> annotations) {
    return admin
        .pods()
        .inNamespace(namespace)
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withAnnotations(annotations)
                .endMetadata()
                .withNewSpec()
                // Filled in by an admission plugin that runs before webhooks, but not here.
                .withServiceAccountName("default")
                .addNewContainer()
                .withName("app")
                .withImage("app:1")
                .endContainer()
                .endSpec()
                .build())
        .create();
  }

  private static boolean isInjected(Pod pod) {
    return pod.getMetadata().getLabels() != null
        && pod.getMetadata().getLabels().containsKey("selvage.io/control-plane-ns");
  }

  private static String copy(String namespace) {
    var map = admin.configMaps().inNamespace(namespace).withName(ROOTS).get();
    return map == null ? "" : map.getData().getOrDefault("ca-bundle.crt", "");
  }

  private static void roots(String pem) {
    admin
        .configMaps()
        .inNamespace("selvage")
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(ROOTS)
                .endMetadata()
                .addToData("ca-bundle.crt", pem)
                .build())
        .unlock()
        .createOr(existing -> existing.update());
  }

  private static void namespace(String name, Map<String, String> annotations) {
    admin
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withAnnotations(annotations)
                .endMetadata()
                .build())
        .create();
  }

  private static String caBundle() {
    MutatingWebhookConfiguration registration =
        admin
            .admissionRegistration()
            .v1()
            .mutatingWebhookConfigurations()
            .withName(InjectorOptions.NAME)
            .get();
    String bundle = registration.getWebhooks().getFirst().getClientConfig().getCaBundle();
    return bundle == null ? "" : bundle;
  }

  /** The registration of the manifest, but for the address. */
  private static void register(int port) throws Exception {
    for (HasMetadata object : rendered("Service", "MutatingWebhookConfiguration")) {
      if (object instanceof MutatingWebhookConfiguration registration) {
        var webhook = registration.getWebhooks().getFirst();
        webhook.getClientConfig().setService(null);
        webhook.getClientConfig().setUrl("https://127.0.0.1:" + port + "/");
        webhook.setFailurePolicy("Fail");
      }
      admin.resource(object).create();
    }
  }

  private static void applyRights() throws Exception {
    for (HasMetadata object :
        rendered("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")) {
      admin.resource(object).create();
    }
  }

  /** What the chart makes for the injector by default, of these kinds. */
  private static List<HasMetadata> rendered(String... kinds) throws Exception {
    try (var in = Files.newInputStream(Path.of("../charts/golden/default.yaml"))) {
      return admin.load(in).items().stream()
          .filter(object -> List.of(kinds).contains(object.getKind()))
          .filter(object ->
              "injector"
                  .equals(
                      object.getMetadata().getLabels().get("selvage.io/control-plane-component")))
          .toList();
    }
  }

  private static String token() {
    return admin
        .serviceAccounts()
        .inNamespace("selvage")
        .withName("selvage-injector")
        .tokenRequest(
            new TokenRequestBuilder().withNewSpec().withExpirationSeconds(3600L).endSpec().build())
        .getStatus()
        .getToken();
  }

  private static Config config(String token) {
    byte[] ca = kube.caPem().getBytes(StandardCharsets.US_ASCII);
    return new ConfigBuilder(Config.empty())
        .withMasterUrl(kube.url())
        .withCaCertData(Base64.getEncoder().encodeToString(ca))
        .withOauthToken(token)
        .withNamespace("default")
        .build();
  }

  private static HttpResponse<String> get(String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + injector.adminPort() + path);
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }
  }
}
