// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.zjsonpatch.JsonPatch;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.selvage.injector.Trees;
import io.selvage.injector.patch.PodMutator;
import io.selvage.injector.webhook.ClusterView.ClusterAwayException;
import io.selvage.kube.EventSink;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.kube.OwnerReference;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionHandlerTest {
  private static final String POD =
      """
      metadata:
        generateName: web-abc-
        labels: {pod-template-hash: abc}
        ownerReferences:
          - {apiVersion: apps/v1, kind: ReplicaSet, name: web-abc, uid: r1, controller: true}
      spec: {containers: [{name: app, image: "app:1"}]}
      """;

  private final Map<String, Map<String, String>> namespaces =
      new HashMap<>(Map.of("shop", Map.of("selvage.io/inject", "enabled"), "plain", Map.of()));
  private final List<EventSink.Event> events = new ArrayList<>();
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final List<String> looked = new ArrayList<>();
  private final AdmissionHandler handler = handler(false);

  private AdmissionHandler handler(boolean onlyApiServer) {
    return new AdmissionHandler(
        new FakeCluster(),
        new PodMutator(Trees.settings()),
        events::add,
        new AdmissionMetrics(registry),
        false,
        onlyApiServer);
  }

  private final class FakeCluster implements ClusterView {
    @Override
    public Map<String, String> namespaceAnnotations(String namespace) throws ClusterAwayException {
      if (namespace.equals("away")) {
        throw new ClusterAwayException("the API server is away", new RuntimeException());
      }
      return namespaces.getOrDefault(namespace, Map.of());
    }

    @Override
    public Optional<ObjectMeta> between(String kind, String namespace, String name) {
      looked.add(kind + " " + namespace + "/" + name);
      var owner = new OwnerReference("apps/v1", "Deployment", "web", "d1", true);
      return name.equals("web-abc")
          ? Optional.of(
              new ObjectMeta(
                  name, namespace, null, null, "r1", null, 0, null, null, List.of(owner)))
          : Optional.empty();
    }
  }

  @Test
  void aNewPodOfAMeshedNamespaceIsPatched() throws Exception {
    ObjectNode pod = Trees.yaml(POD);

    JsonNode response = review("shop", pod);

    assertThat(response.path("uid").asText()).isEqualTo("u-1");
    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.path("patchType").asText()).isEqualTo("JSONPatch");
    JsonNode injected = JsonPatch.apply(patch(response), pod);
    assertThat(injected.at("/spec/initContainers/1/name").asText()).isEqualTo("selvage-proxy");
    assertThat(injected.at("/metadata/labels/selvage.io~1workload-name").asText()).isEqualTo("web");
    assertThat(events)
        .containsExactly(
            new EventSink.Event(
                new EventSink.Subject("apps/v1", "Deployment", "shop", "web", "d1"),
                EventSink.Type.NORMAL,
                "Injected",
                "Selvage sidecar proxy injected"));
    assertThat(registry.scrape())
        .contains(
            "selvage_inject_admission_responses_total{annotation_at=\"namespace\",namespace=\"shop\",outcome=\"injected\",owner_kind=\"deployment\",skip=\"false\",skip_reason=\"\"}"
                + " 1.0")
        .contains(
            "selvage_inject_admission_requests_total{annotation_at=\"namespace\",namespace=\"shop\",owner_kind=\"deployment\"}"
                + " 1.0");
  }

  @Test
  void theSecondCallPatchesNothing() throws Exception {
    ObjectNode pod = Trees.yaml(POD);
    JsonNode injected = JsonPatch.apply(patch(review("shop", pod)), pod);
    events.clear();

    JsonNode again = review("shop", injected);

    assertThat(again.path("allowed").asBoolean()).isTrue();
    assertThat(again.has("patch")).isFalse();
    assertThat(events).isEmpty();
  }

  @Test
  void aDryRunIsAnsweredTheSameAndLeavesNoEvent() throws Exception {
    ObjectNode request = request("shop", Trees.yaml(POD));
    ((ObjectNode) request.get("request")).put("dryRun", true);

    JsonNode response = answer(request);

    assertThat(response.has("patch")).isTrue();
    assertThat(events).isEmpty();
  }

  /** Without a client certificate anybody may send a review, and name any object in it. */
  @Test
  void anOwnerThatIsNotThereGetsNoEvent() throws Exception {
    for (String owners :
        List.of(
            "{apiVersion: apps/v1, kind: ReplicaSet, name: web-abc, uid: r2, controller: true}",
            "{apiVersion: apps/v1, kind: ReplicaSet, name: other, uid: r1, controller: true}",
            "{apiVersion: v1, kind: Node, name: node-1, uid: n1, controller: true}",
            "{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: a1, controller: true}")) {
      ObjectNode pod = Trees.yaml(POD);
      ((ObjectNode) pod.get("metadata")).putArray("ownerReferences").add(Trees.yaml(owners));
      assertThat(review("shop", pod).has("patch")).isTrue();
      assertThat(events).as(owners).isEmpty();
    }
    ObjectNode alone = Trees.yaml("{metadata: {name: web, uid: x}, spec: {containers: []}}");
    review("shop", alone);
    assertThat(events).as("a pod that nobody has made yet").isEmpty();

    ObjectNode agent = Trees.yaml(POD);
    ((ObjectNode) agent.get("metadata"))
        .putArray("ownerReferences")
        .add(
            Trees.yaml(
                "{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: a1, controller: true}"));
    handler(true).handle(Trees.JSON.writeValueAsBytes(request("shop", agent)));
    assertThat(events)
        .as("the API server has said so")
        .extracting(e -> e.subject().name())
        .containsExactly("agent");
  }

  @Test
  void reviewsCannotFloodEvents() throws Exception {
    long begin = System.nanoTime();
    for (int i = 0; i < 2 * AdmissionHandler.EVENTS_AT_ONCE; i++) {
      review("shop", Trees.yaml(POD));
    }
    long seconds = (System.nanoTime() - begin) / 1_000_000_000 + 1;
    assertThat(events.size())
        .isBetween(
            AdmissionHandler.EVENTS_AT_ONCE,
            (int)
                Math.min(
                    2L * AdmissionHandler.EVENTS_AT_ONCE,
                    AdmissionHandler.EVENTS_AT_ONCE
                        + seconds * AdmissionHandler.EVENTS_PER_SECOND));
    var allowance = new Allowance(10, 2);
    assertThat(allowance.take(0)).isTrue();
    assertThat(allowance.take(0)).isTrue();
    assertThat(allowance.take(99_999_999)).isFalse();
    assertThat(allowance.take(100_000_000)).isTrue();
    assertThat(allowance.take(100_000_000)).isFalse();
    assertThat(allowance.take(10_000_000_000L)).isTrue();
    assertThat(allowance.take(10_000_000_000L)).isTrue();
    assertThat(allowance.take(10_000_000_000L)).isFalse();
  }

  /** The API server waits for the answer while it is asked. */
  @Test
  void nothingIsLookedUpForAPodNobodyAskedFor() throws Exception {
    ObjectNode pod = Trees.yaml(POD);
    review("plain", pod);
    assertThat(looked).isEmpty();
    assertThat(registry.scrape()).contains("owner_kind=\"deployment\",skip=\"true\"");
    JsonNode injected = JsonPatch.apply(patch(review("shop", pod)), pod);
    assertThat(looked).containsExactly("ReplicaSet shop/web-abc");
    review("shop", injected);
    assertThat(looked).hasSize(1);
    ((ObjectNode) pod.get("spec")).put("hostNetwork", true);
    review("shop", pod);
    assertThat(looked).hasSize(2);
  }

  @Test
  void nobodyHearsOfAPodNobodyAskedFor() throws Exception {
    JsonNode response = review("plain", Trees.yaml(POD));

    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.has("patch")).isFalse();
    assertThat(response.has("warnings")).isFalse();
    assertThat(events).isEmpty();
    assertThat(registry.scrape())
        .contains("skip=\"true\",skip_reason=\"injection_enable_annotation_absent\"} 1.0");
  }

  @Test
  void aWishThatCannotBeMetIsSaidAloud() throws Exception {
    ObjectNode pod = Trees.yaml(POD);
    ((ObjectNode) pod.get("spec")).put("hostNetwork", true);

    JsonNode response = review("shop", pod);

    String text = "Selvage sidecar proxy injection skipped: hostNetwork is enabled";
    assertThat(response.path("allowed").asBoolean()).isTrue();
    assertThat(response.at("/warnings/0").asText()).isEqualTo(text);
    assertThat(events).extracting(EventSink.Event::reason).containsExactly("InjectionSkipped");
    assertThat(events).extracting(EventSink.Event::message).containsExactly(text);
  }

  @Test
  void aBadOptionKeepsThePodOutByName() throws Exception {
    ObjectNode pod = Trees.yaml(POD);
    pod.withObject("/metadata/annotations").put("config.selvage.io/default-inbound-policy", "dney");

    JsonNode response = review("shop", pod);

    assertThat(response.path("allowed").asBoolean()).isFalse();
    assertThat(response.at("/status/message").asText())
        .startsWith(
            "selvage: pod annotation config.selvage.io/default-inbound-policy: \"dney\" is");
    assertThat(events).extracting(EventSink.Event::reason).containsExactly("InjectionDenied");
  }

  @Test
  void aBadOptionOfAPodThatIsNotMeshedIsNobodysBusiness() throws Exception {
    ObjectNode pod = Trees.yaml(POD);
    pod.withObject("/metadata/annotations").put("config.selvage.io/default-inbound-policy", "dney");

    assertThat(review("plain", pod).path("allowed").asBoolean()).isTrue();
  }

  @Test
  void aPodAuthorChoosesNeitherImageNorRights() throws Exception {
    ObjectNode pod = Trees.yaml(POD);
    ObjectNode annotations = pod.withObject("/metadata/annotations");
    annotations.put("config.selvage.io/proxy-image", "evil:1");
    annotations.put("config.selvage.io/proxy-uid", "0");
    annotations.put("config.selvage.io/skip-subnets", "10.0.0.0/8");

    JsonNode response = review("shop", pod);

    JsonNode injected = JsonPatch.apply(patch(response), pod);
    assertThat(injected.at("/spec/initContainers").toString()).doesNotContain("evil");
    assertThat(injected.at("/spec/initContainers/1/securityContext/runAsUser").asInt())
        .isEqualTo(2102);
    assertThat(response.path("warnings")).hasSize(2);
  }

  @Test
  void whatIsNoNewPodIsLetThrough() throws Exception {
    for (var change :
        List.<Consumer<ObjectNode>>of(
            r -> r.put("operation", "UPDATE"),
            r -> r.put("operation", "DELETE").remove("object"),
            r -> r.put("subResource", "ephemeralcontainers"),
            r -> r.putObject("kind").put("group", "").put("kind", "Service"),
            r -> r.putObject("kind").put("group", "apps").put("kind", "Pod"))) {
      ObjectNode review = request("shop", Trees.yaml(POD));
      change.accept((ObjectNode) review.get("request"));

      JsonNode response = answer(review);

      assertThat(response.path("allowed").asBoolean()).isTrue();
      assertThat(response.path("uid").asText()).isEqualTo("u-1");
      assertThat(response.has("patch")).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{}{}",
        "{} x",
        "{\"a\":1,\"a\":2}",
        "{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"kind\":\"AdmissionReview\"}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"Pod\"}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":[]}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":"
            + "{\"uid\":1,\"kind\":{\"kind\":\"Pod\"}}}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":"
            + "{\"uid\":\"u\",\"kind\":\"Pod\"}}",
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":"
            + "{\"uid\":\"u\",\"kind\":{\"kind\":\"Pod\"},\"operation\":{}}}",
        "\u0000\u0001\u0002"
      })
  void whatIsNoReviewIsABadRequest(String body) {
    assertThatThrownBy(() -> handler.handle(body.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(BadReviewException.class)
        .satisfies(e -> assertThat(e.getMessage()).isNotBlank().doesNotContain("\n"));
  }

  @Test
  void nestingIsTakenUpToTheLimit() throws Exception {
    assertThat(answer(nested(AdmissionReview.MAX_DEPTH)).path("allowed").asBoolean()).isTrue();
    ObjectNode deeper = nested(AdmissionReview.MAX_DEPTH + 1);
    assertThatThrownBy(() -> answer(deeper)).isInstanceOf(BadReviewException.class);
    byte[] bomb = "[".repeat(3_000_000).getBytes(StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> handler.handle(bomb)).isInstanceOf(BadReviewException.class);
  }

  @Test
  void anythingAnywhereIsAnsweredOrRefusedInWords() throws Exception {
    var random = new Random(11);
    for (int i = 0; i < 3_000; i++) {
      ObjectNode review = request("shop", Trees.yaml(POD));
      for (int spoils = 1 + random.nextInt(3); spoils > 0; spoils--) {
        spoil(review, random);
      }
      try {
        JsonNode response = answer(review);
        assertThat(response.has("allowed")).isTrue();
        if (!response.path("allowed").asBoolean()) {
          assertThat(response.at("/status/message").asText()).startsWith("selvage: ");
        }
      } catch (BadReviewException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }

  @Test
  void aClusterThatIsAwayIsNoAnswer() {
    assertThatThrownBy(() -> review("away", Trees.yaml(POD)))
        .isInstanceOf(ClusterAwayException.class);
  }

  @Test
  void labelsOfMetricsAreBounded() throws Exception {
    for (int i = 0; i < AdmissionMetrics.MAX_NAMESPACES + 5; i++) {
      review("ns-" + i, Trees.yaml(POD));
    }
    ObjectNode strange = request("shop", Trees.yaml(POD));
    strange.withObject("/request/kind").put("kind", "Strange" + "x".repeat(500));
    answer(strange);

    String metrics = registry.scrape();
    assertThat(metrics).contains("namespace=\"ns-999\"").doesNotContain("namespace=\"ns-1000\"");
    assertThat(metrics).contains("namespace=\"other\"").doesNotContain("Strange");
  }

  private JsonNode review(String namespace, JsonNode pod) throws Exception {
    return answer(request(namespace, pod));
  }

  private JsonNode answer(ObjectNode review) throws Exception {
    byte[] body = Trees.JSON.writeValueAsBytes(review);
    JsonNode answer = Trees.JSON.readTree(handler.handle(body));
    assertThat(answer.path("apiVersion").asText()).isEqualTo("admission.k8s.io/v1");
    assertThat(answer.path("kind").asText()).isEqualTo("AdmissionReview");
    return answer.path("response");
  }

  static ObjectNode request(String namespace, JsonNode pod) {
    ObjectNode review = Trees.JSON.createObjectNode();
    review.put("apiVersion", "admission.k8s.io/v1").put("kind", "AdmissionReview");
    ObjectNode request = review.putObject("request").put("uid", "u-1");
    request.putObject("kind").put("group", "").put("version", "v1").put("kind", "Pod");
    request.put("operation", "CREATE").put("namespace", namespace).set("object", pod);
    return review;
  }

  private static ArrayNode patch(JsonNode response) throws Exception {
    byte[] json = Base64.getDecoder().decode(response.path("patch").asText());
    return (ArrayNode) Trees.JSON.readTree(json);
  }

  /** A review as deep as this, the outermost object counted. */
  private static ObjectNode nested(int depth) {
    ObjectNode review = request("shop", Trees.yaml(POD));
    ObjectNode at = (ObjectNode) review.get("request"); // the second level
    for (int level = 3; level <= depth; level++) {
      at = at.putObject("x");
    }
    return review;
  }

  /** Puts something else in the place of a random value. */
  private static void spoil(ObjectNode root, Random random) {
    JsonNode at = root;
    while (true) {
      if (at instanceof ObjectNode object && !object.isEmpty()) {
        var names = new ArrayList<String>();
        object.fieldNames().forEachRemaining(names::add);
        String name = names.get(random.nextInt(names.size()));
        if (random.nextInt(3) == 0 || !object.get(name).isContainerNode()) {
          object.set(name, value(random));
          return;
        }
        at = object.get(name);
      } else if (at instanceof ArrayNode list && !list.isEmpty()) {
        int index = random.nextInt(list.size());
        if (random.nextInt(3) == 0 || !list.get(index).isContainerNode()) {
          list.set(index, value(random));
          return;
        }
        at = list.get(index);
      } else {
        return;
      }
    }
  }

  private static JsonNode value(Random random) {
    var nodes = Trees.JSON.getNodeFactory();
    return switch (random.nextInt(9)) {
      case 0 -> nodes.nullNode();
      case 1 -> nodes.booleanNode(true);
      case 2 -> nodes.numberNode(random.nextLong());
      case 3 -> nodes.numberNode(new BigDecimal("1e400"));
      case 4 -> nodes.textNode("");
      case 5 -> nodes.textNode("\u0000\ud800 \r\n".repeat(random.nextInt(50)));
      case 6 -> nodes.arrayNode().add(1).addNull().add("x");
      case 7 -> nodes.objectNode().put("name", 1).putNull("x");
      default -> nodes.objectNode();
    };
  }
}
