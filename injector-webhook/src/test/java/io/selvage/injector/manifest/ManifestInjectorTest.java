// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.injector.Trees;
import io.selvage.injector.config.ConfigOption;
import io.selvage.injector.manifest.ObjectReport.Note;
import io.selvage.injector.manifest.ObjectReport.Outcome;
import io.selvage.injector.patch.PodMutator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestInjectorTest {
  private static final String TEMPLATE =
      "{metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: 'a:1'}]}}";

  private final ManifestInjector marking =
      new ManifestInjector("enabled", Map.of(), Optional.empty());
  private final ManifestInjector manual =
      new ManifestInjector("enabled", Map.of(), Optional.of(new PodMutator(Trees.settings())));

  @ParameterizedTest
  @CsvSource({
    "Deployment, /spec/template",
    "ReplicaSet, /spec/template",
    "ReplicationController, /spec/template",
    "StatefulSet, /spec/template",
    "DaemonSet, /spec/template",
    "Job, /spec/template",
    "CronJob, /spec/jobTemplate/spec/template",
    "Pod, ''"
  })
  void everyKindWithPodsIsMarkedAndInjectedAndCleanedAgain(String kind, String pointer)
      throws Exception {
    ObjectNode object = object(kind, pointer);
    ObjectNode before = object.deepCopy();

    JsonNode marked = marking.transform(object);
    assertThat(marked.at(pointer + "/metadata/annotations/selvage.io~1inject").asText())
        .isEqualTo("enabled");
    JsonNode injected = manual.transform(object);
    assertThat(injected.at(pointer + "/spec/initContainers/1/name").asText())
        .isEqualTo("selvage-proxy");
    assertThat(injected.at(pointer + "/metadata/labels/selvage.io~1workload-name").asText())
        .isEqualTo("x");

    assertThat(object).isEqualTo(before);
    for (JsonNode changed : new JsonNode[] {marked, injected}) {
      var uninjector = new ManifestUninjector();
      assertThat(uninjector.transform(changed)).isEqualTo(before);
      assertThat(uninjector.reports().getFirst().outcome()).isEqualTo(Outcome.UNINJECTED);
    }
    String line = kind.toLowerCase(Locale.ROOT) + " \"x\" injected";
    assertThat(marking.reports().getFirst().line()).isEqualTo(line);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{hostNetwork: true, containers: [{name: a}]} | HOST_NETWORK",
        "{containers: [{name: istio-proxy}]} | SIDECAR"
      })
  void whatCannotHaveASidecarIsLeftAndSaidSo(String spec, Note note) throws Exception {
    ObjectNode object =
        Trees.yaml(
            "{kind: Deployment, metadata: {name: x}, spec: {template: {spec: %s}}}"
                .formatted(spec));

    assertThat(marking.transform(object)).isSameAs(object);
    ObjectReport report = marking.reports().getFirst();
    assertThat(report.outcome()).isEqualTo(Outcome.SKIPPED);
    assertThat(report.notes()).containsExactly(note);
  }

  @Test
  void aRefusalIsKeptByAll() throws Exception {
    ObjectNode object =
        Trees.yaml(
            "{kind: Pod, metadata: {name: x, annotations: {selvage.io/inject: disabled,"
                + " config.selvage.io/opaque-ports: '25'}}, spec: {containers: [{name: a}]}}");

    assertThat(marking.transform(object)).isSameAs(object);
    assertThat(manual.transform(object)).isSameAs(object);
    assertThat(marking.reports().getFirst().notes()).containsExactly(Note.INJECT_DISABLED);
    assertThat(new ManifestUninjector().transform(object).at("/metadata/annotations"))
        .isEqualTo(Trees.yaml("{selvage.io/inject: disabled}"));
  }

  @Test
  void namespacesAndServicesAreAnnotatedAndOthersLeft() throws Exception {
    var withPorts =
        new ManifestInjector(
            "ingress", Map.of(ConfigOption.OPAQUE_PORTS, "3306"), Optional.empty());

    JsonNode list =
        withPorts.transform(
            Trees.yaml(
                """
                kind: List
                apiVersion: v1
                items:
                  - {kind: Namespace, metadata: {name: shop}}
                  - {kind: Service, metadata: {name: db}}
                  - {kind: ConfigMap, metadata: {name: c}}
                  - {metadata: {name: nameless}}
                """));

    assertThat(list.at("/items/0/metadata/annotations"))
        .isEqualTo(
            Trees.yaml("{config.selvage.io/opaque-ports: '3306', selvage.io/inject: ingress}"));
    assertThat(list.at("/items/1/metadata/annotations"))
        .isEqualTo(Trees.yaml("{config.selvage.io/opaque-ports: '3306'}"));
    assertThat(withPorts.reports())
        .extracting(ObjectReport::line)
        .containsExactly(
            "namespace \"shop\" annotated",
            "service \"db\" annotated",
            "configmap \"c\" skipped",
            "document missing \"kind\" field, skipped");
  }

  @Test
  void udpIsWorthAWordAndNoObstacle() throws Exception {
    marking.transform(
        Trees.yaml(
            "{kind: Pod, metadata: {name: x}, spec: {containers: [{name: a, ports: [{containerPort:"
                + " 53, protocol: UDP}]}]}}"));

    assertThat(marking.reports().getFirst().outcome()).isEqualTo(Outcome.INJECTED);
    assertThat(marking.reports().getFirst().notes()).containsExactly(Note.UDP);
  }

  @Test
  void whatCannotBeTransformedIsNamed() {
    assertThatThrownBy(() ->
            marking.transform(
                Trees.yaml(
                    "{kind: Deployment, metadata: {name: x}, spec: {template: {spec: {containers:"
                        + " 1}}}}")))
        .isInstanceOf(TransformException.class)
        .hasMessage("deployment \"x\": spec.template.spec.containers is not a list");
    assertThatThrownBy(() ->
            marking.transform(
                Trees.yaml(
                    "{kind: Pod, metadata: {name: x, labels: {selvage.io/control-plane-component:"
                        + " a}}, spec: {containers: []}}")))
        .hasMessageContaining("--manual must be set when injecting control plane components");
    assertThatThrownBy(() -> marking.transform(Trees.JSON.createArrayNode()))
        .isInstanceOf(TransformException.class);
    assertThatThrownBy(() ->
            manual.transform(
                Trees.yaml(
                    "{kind: Pod, metadata: {name: x, annotations: {config.selvage.io/inbound-port:"
                        + " zero}}, spec: {containers: []}}")))
        .hasMessageContaining("config.selvage.io/inbound-port");
  }

  private static ObjectNode object(String kind, String pointer) {
    ObjectNode template = Trees.yaml(TEMPLATE);
    if (pointer.isEmpty()) {
      template.put("kind", kind);
      template.withObject("/metadata").put("name", "x");
      return template;
    }
    ObjectNode object = Trees.JSON.createObjectNode().put("kind", kind);
    object.putObject("metadata").put("name", "x");
    object.withObject(pointer).setAll(template);
    return object;
  }
}
