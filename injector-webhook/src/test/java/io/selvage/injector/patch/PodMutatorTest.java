// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.patch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.zjsonpatch.JsonPatch;
import io.selvage.injector.Trees;
import io.selvage.injector.config.ConfigOption;
import io.selvage.injector.config.ProxyConfig;
import io.selvage.injector.patch.PodMutator.Mutation;
import io.selvage.injector.pod.InjectionDecision;
import io.selvage.injector.pod.MeshNames;
import io.selvage.injector.pod.PodTree;
import io.selvage.kube.manifest.YamlWriter;
import io.selvage.model.kube.Workloads.Workload;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PodMutatorTest {
  private static final boolean WRITE = "write".equals(System.getProperty("golden"));
  private static final Workload WEB = new Workload("shop", "Deployment", "web");
  private static final Map<String, String> NAMESPACE = Map.of(MeshNames.INJECT, "enabled");

  private final PodMutator mutator = new PodMutator(Trees.settings());

  /**
   * Each pair {@code NAME.yaml}, {@code NAME.golden.yaml} of the test resources. {@code
   * -Dgolden=write} writes the latter anew: read the difference.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {"plain", "busy", "classic", "no-containers", "nulls", "all-options", "bare-job"})
  void thePatchMakesTheGoldenPod(String name) throws Exception {
    ObjectNode pod = Trees.yaml(resource(name + ".yaml"));

    JsonNode injected = inject(pod);

    if (WRITE) {
      Files.writeString(
          Path.of("src/test/resources/pods", name + ".golden.yaml"), YamlWriter.write(injected));
    } else {
      assertThat(injected).isEqualTo(Trees.yaml(resource(name + ".golden.yaml")));
    }
  }

  @Test
  void anIndependentPatchAndOurOwnAgree() throws Exception {
    for (String name : List.of("plain", "busy", "classic", "no-containers", "nulls")) {
      ObjectNode pod = Trees.yaml(resource(name + ".yaml"));
      Mutation mutation = mutate(pod);

      assertThat(mutation.patch().applyTo(pod)).isEqualTo(inject(pod));
    }
  }

  @Test
  void nothingOfThePodIsLostOrChanged() throws Exception {
    var random = new Random(7);
    for (int i = 0; i < 500; i++) {
      ObjectNode pod = randomPod(random);
      ObjectNode before = pod.deepCopy();

      JsonNode after = inject(pod);

      assertThat(pod).isEqualTo(before);
      assertContains(after, before, "");
      PodTree injected = Trees.pod(after);
      assertThat(InjectionDecision.of(injected, NAMESPACE, true))
          .isInstanceOf(InjectionDecision.Present.class);
    }
  }

  @Test
  void whatTheOperatorChoseReachesEverySidecar() throws Exception {
    var chosen =
        new PodMutator(
            Trees.settings()
                .withDefaults(
                    Map.of(
                        ConfigOption.PROXY_CPU_LIMIT, "2",
                        ConfigOption.PROXY_LOG_LEVEL, "warn",
                        ConfigOption.SKIP_OUTBOUND_PORTS, "3306"))
                .withPullSecrets(List.of("registry", "mirror")));
    for (String pod :
        List.of(
            "{metadata: {name: a}, spec: {containers: [{name: a}]}}",
            "{metadata: {name: a}, spec: {imagePullSecrets: [{name: mine}, {name: registry}],"
                + " containers: [{name: a}]}}")) {
      ObjectNode before = Trees.yaml(pod);
      JsonNode after =
          chosen
              .mutate(Trees.pod(before), ProxyConfig.read(Map.of(), Map.of(), false, Map.of()), WEB)
              .patch()
              .applyTo(before);
      JsonNode proxy = after.at("/spec/initContainers/1");
      assertThat(proxy.path("resources")).isEqualTo(Trees.yaml("{limits: {cpu: '2'}}"));
      assertThat(proxy.path("env").toString())
          .contains("{\"name\":\"" + SidecarContract.LOG_LEVEL + "\",\"value\":\"warn\"}");
      assertThat(after.at("/spec/initContainers/0/args").toString())
          .contains("--skip-outbound-ports=3306");
      assertThat(after.at("/metadata/annotations/config.selvage.io~1skip-outbound-ports").asText())
          .isEqualTo("3306");
      assertThat(after.at("/spec/imagePullSecrets").findValuesAsText("name"))
          .isEqualTo(
              pod.contains("mine")
                  ? List.of("mine", "registry", "mirror")
                  : List.of("registry", "mirror"));
    }
  }

  @Test
  void whatMakesNoSenseForEverySidecarIsRefusedByName() {
    assertThatThrownBy(
            () -> Trees.settings().withDefaults(Map.of(ConfigOption.PROXY_CPU_LIMIT, "much")))
        .hasMessage("\"proxy-cpu-limit\": \"much\" is not a quantity such as 100m, 0.5 or 64Mi");
    assertThatThrownBy(() -> Trees.settings().withDefaults(Map.of(ConfigOption.INBOUND_PORT, "1")))
        .hasMessage("\"inbound-port\" has no default of the mesh");
    assertThatThrownBy(() ->
            Trees.settings()
                .withDefaults(
                    Map.of(
                        ConfigOption.PROXY_MEMORY_REQUEST, "2Gi",
                        ConfigOption.PROXY_MEMORY_LIMIT, "1Gi")))
        .hasMessage("\"proxy-memory-request\": \"2Gi\" is above the limit 1Gi");
    assertThatThrownBy(
            () -> Trees.settings().withDefaults(Map.of(ConfigOption.PROXY_MEMORY_LIMIT, "95Mi")))
        .hasMessageContaining("below 96Mi, with which a sidecar does not run");
  }

  /** A ResourceQuota on limits refuses a pod one of whose containers has none. */
  @Test
  void theInitContainerHasLimitsOfWhatTheProxyHasThem() throws Exception {
    ObjectNode pod = Trees.yaml("{metadata: {name: web}, spec: {containers: [{name: app}]}}");
    JsonNode without = inject(pod).at("/spec/initContainers/0/resources");
    assertThat(without.at("/limits").properties())
        .extracting(Map.Entry::getKey)
        .containsExactly("memory");

    ObjectNode annotations = pod.withObject("/metadata/annotations");
    annotations.put("config.selvage.io/proxy-cpu-limit", "60m");
    annotations.put("config.selvage.io/proxy-ephemeral-storage-limit", "1Gi");
    JsonNode injected = inject(pod);
    for (int container = 0; container < 2; container++) {
      JsonNode resources = injected.at("/spec/initContainers/" + container + "/resources");
      assertThat(resources.at("/limits/cpu").asText()).isEqualTo("60m");
      assertThat(resources.at("/limits/ephemeral-storage").asText()).isEqualTo("1Gi");
      assertThat(resources.at("/limits/memory").asText()).isNotEmpty();
      assertThat(resources.at("/requests/cpu").asText()).isEqualTo("50m");
    }
  }

  /** A hook that sleeps is refused by Kubernetes before 1.30. */
  @Test
  void theWaitBeforeTheExitNeedsNoHook() throws Exception {
    for (String seconds : List.of("0", "2", "3")) {
      ObjectNode pod = Trees.yaml("{metadata: {name: web}, spec: {containers: [{name: app}]}}");
      pod.withObject("/metadata/annotations")
          .put("config.selvage.io/proxy-wait-before-exit-seconds", seconds);
      JsonNode proxy = inject(pod).at("/spec/initContainers/1");
      assertThat(proxy.has("lifecycle")).isFalse();
      assertThat(
              proxy.path("env").toString().contains("\"SELVAGE_SHUTDOWN_QUIET\",\"value\":\"3s\""))
          .as("less than it stays anyway is nothing")
          .isEqualTo(seconds.equals("3"));
    }
  }

  @Test
  void aTakenNameIsRefusedInWords() {
    for (String volume :
        List.of(MeshNames.TOKEN_VOLUME, MeshNames.TRUST_VOLUME, MeshNames.SCRATCH_VOLUME)) {
      assertThatThrownBy(() ->
              mutate(
                  Trees.yaml(
                      "{spec: {containers: [{name: a}], volumes: [{name: a}, {name: %s}]}}"
                          .formatted(volume))))
          .isInstanceOf(NameTakenException.class)
          .hasMessage("volume %s: the name is kept for the sidecar, choose another", volume);
    }
  }

  @Test
  void whatWillNotWorkIsWarnedOf() throws Exception {
    Mutation mutation =
        mutate(
            Trees.yaml(
                """
                spec:
                  securityContext: {runAsUser: 2102}
                  containers:
                    - {name: a, ports: [{containerPort: 4191}]}
                    - {name: b, securityContext: {runAsUser: 1}, ports: [{containerPort: 80}]}
                """));

    assertThat(mutation.warnings()).hasSize(2);
    assertThat(mutation.warnings().get(0)).startsWith("container a uses port 4191");
    assertThat(mutation.warnings().get(1)).startsWith("container a runs as user 2102");
  }

  @Test
  void aNameTooLongForALabelGivesNone() throws Exception {
    ObjectNode pod = Trees.yaml("{spec: {containers: [{name: a}]}}");
    var config = ProxyConfig.read(Map.of(), Map.of(), false, Map.of());

    for (int length : List.of(63, 64)) {
      var workload = new Workload("shop", "Deployment", "w".repeat(length));
      ObjectNode injected = mutator.mutate(Trees.pod(pod), config, workload).patch().applyTo(pod);
      assertThat(injected.at("/metadata/labels").has(MeshNames.WORKLOAD_NAME))
          .isEqualTo(length == 63);
    }
  }

  private Mutation mutate(ObjectNode pod) throws Exception {
    PodTree tree = Trees.pod(pod);
    return mutator.mutate(
        tree,
        ProxyConfig.read(tree.annotations(), NAMESPACE, true, mutator.settings().defaults()),
        WEB);
  }

  private JsonNode inject(ObjectNode pod) throws Exception {
    return JsonPatch.apply(mutate(pod).patch().json(), pod);
  }

  /** Whether all of {@code part} is in {@code whole}, list items in their order. */
  private static void assertContains(JsonNode whole, JsonNode part, String path) {
    if (part.isObject()) {
      part.properties()
          .forEach(
              e -> assertContains(whole.path(e.getKey()), e.getValue(), path + "/" + e.getKey()));
    } else if (part.isArray()) {
      var rest = new ArrayList<JsonNode>();
      whole.forEach(rest::add);
      int at = 0;
      for (JsonNode item : part) {
        while (at < rest.size() && !rest.get(at).equals(item)) {
          at++;
        }
        assertThat(at).as(path + " holds " + item).isLessThan(rest.size());
        at++;
      }
    } else if (!part.isNull()) {
      assertThat(whole).as(path).isEqualTo(part);
    }
  }

  private static ObjectNode randomPod(Random random) {
    ObjectNode pod = Trees.JSON.createObjectNode();
    if (random.nextBoolean()) {
      ObjectNode metadata = pod.putObject("metadata");
      for (String field : List.of("labels", "annotations")) {
        switch (random.nextInt(4)) {
          case 0 -> metadata.putNull(field);
          case 1 -> metadata.putObject(field);
          case 2 -> metadata.putObject(field).put("a/b~c", "x").put("app", "\u00e9\"\\\n");
          default -> {
            // Left out.
          }
        }
      }
    }
    ObjectNode spec = pod.putObject("spec");
    for (String field : List.of("containers", "initContainers", "volumes", "tolerations")) {
      int kind = random.nextInt(4);
      if (kind == 1) {
        spec.putNull(field);
      } else if (kind > 1) {
        var list = spec.putArray(field);
        for (int i = random.nextInt(4); i > 0; i--) {
          list.addObject().put("name", "x" + random.nextInt(1000)).put("unknown", random.nextInt());
        }
      }
    }
    spec.put("terminationGracePeriodSeconds", random.nextInt(100));
    return pod;
  }

  private static String resource(String name) throws IOException {
    try (var in = PodMutatorTest.class.getResourceAsStream("/pods/" + name)) {
      assertThat(in).as(name).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
