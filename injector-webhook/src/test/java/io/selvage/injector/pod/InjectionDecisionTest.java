// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.pod;

import static io.selvage.injector.pod.SkipReason.HOST_NETWORK_ENABLED;
import static io.selvage.injector.pod.SkipReason.INJECTION_DISABLE_ANNOTATION_PRESENT;
import static io.selvage.injector.pod.SkipReason.INJECTION_ENABLE_ANNOTATION_ABSENT;
import static io.selvage.injector.pod.SkipReason.INVALID_INJECT_ANNOTATION_AT_NS;
import static io.selvage.injector.pod.SkipReason.INVALID_INJECT_ANNOTATION_AT_WORKLOAD;
import static io.selvage.injector.pod.SkipReason.SIDECAR_ALREADY_EXISTS;
import static io.selvage.injector.pod.SkipReason.UNSUPPORTED_OPERATING_SYSTEM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.injector.Trees;
import io.selvage.injector.pod.InjectionDecision.AnnotationAt;
import io.selvage.injector.pod.InjectionDecision.Inject;
import io.selvage.injector.pod.InjectionDecision.Present;
import io.selvage.injector.pod.InjectionDecision.Skip;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InjectionDecisionTest {
  private static final String POD = "{spec: {containers: [{name: app, image: 'app:1'}]}}";

  @ParameterizedTest
  @CsvSource({
    // namespace, pod, what comes of it
    "-, -, INJECTION_ENABLE_ANNOTATION_ABSENT",
    "-, disabled, INJECTION_DISABLE_ANNOTATION_PRESENT",
    "-, enabled, WORKLOAD",
    "-, ingress, WORKLOAD",
    "disabled, -, INJECTION_DISABLE_ANNOTATION_PRESENT",
    "disabled, disabled, INJECTION_DISABLE_ANNOTATION_PRESENT",
    "disabled, enabled, WORKLOAD",
    "disabled, ingress, WORKLOAD",
    "enabled, -, NAMESPACE",
    "enabled, disabled, INJECTION_DISABLE_ANNOTATION_PRESENT",
    "enabled, enabled, WORKLOAD",
    "ingress, -, NAMESPACE",
    "ingress, disabled, INJECTION_DISABLE_ANNOTATION_PRESENT",
    "enabled, yes, INVALID_INJECT_ANNOTATION_AT_WORKLOAD",
    "-, Enabled, INVALID_INJECT_ANNOTATION_AT_WORKLOAD",
    "-, '', INVALID_INJECT_ANNOTATION_AT_WORKLOAD",
    "yes, -, INVALID_INJECT_ANNOTATION_AT_NS",
    "yes, enabled, INVALID_INJECT_ANNOTATION_AT_NS"
  })
  void thePodWinsOverItsNamespace(String namespace, String pod, String expected) {
    InjectionDecision decision = decide(MeshNames.INJECT, namespace, MeshNames.INJECT, pod, false);

    if (decision instanceof Inject(AnnotationAt at)) {
      assertThat(at.name()).isEqualTo(expected);
    } else {
      assertThat(((Skip) decision).reasons()).containsExactly(SkipReason.valueOf(expected));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "true, -, enabled, -, WORKLOAD",
    "false, -, enabled, -, ''",
    "true, enabled, -, -, NAMESPACE",
    "true, -, enabled, disabled, ''",
    "true, -, disabled, enabled, WORKLOAD"
  })
  void linkerdsNameCountsWhereItIsAcceptedAndOursIsMissing(
      boolean accept, String namespace, String linkerd, String ours, String at) {
    ObjectNode pod = Trees.yaml(POD);
    ObjectNode annotations = pod.putObject("metadata").putObject("annotations");
    put(annotations, MeshNames.LINKERD_INJECT, linkerd);
    put(annotations, MeshNames.INJECT, ours);
    Map<String, String> ns =
        namespace.equals("-") ? Map.of() : Map.of(MeshNames.LINKERD_INJECT, namespace);

    InjectionDecision decision = InjectionDecision.of(Trees.pod(pod), ns, accept);

    assertThat(decision instanceof Inject ? decision.annotationAt().name() : "").isEqualTo(at);
  }

  @Test
  void aPodThatCannotHaveASidecarIsSkippedWithEveryReason() {
    assertThat(reasons("{spec: {hostNetwork: true, containers: [{name: istio-proxy}]}}"))
        .containsExactly(HOST_NETWORK_ENABLED, SIDECAR_ALREADY_EXISTS);
    assertThat(reasons("{spec: {os: {name: windows}, containers: [{name: app}]}}"))
        .containsExactly(UNSUPPORTED_OPERATING_SYSTEM);
    assertThat(
            reasons(
                "{spec: {nodeSelector: {kubernetes.io/os: windows}, containers: [{name: app}]}}"))
        .containsExactly(UNSUPPORTED_OPERATING_SYSTEM);
    String linux = "{spec: {nodeSelector: {kubernetes.io/os: linux}, containers: [{name: app}]}}";
    assertThat(InjectionDecision.of(Trees.pod(linux), enabled(), false)).isInstanceOf(Inject.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{containers: [{name: linkerd-proxy}]}",
        "{initContainers: [{name: istio-init}], containers: [{name: app}]}",
        "{initContainers: [{name: selvage-init}], containers: [{name: app}]}",
        "{containers: [{name: selvage-proxy}]}",
        "{containers: [{name: a, image: 'r.example:5000/linkerd/proxy:edge-1'}]}",
        "{containers: [{name: a, image: 'istio/proxyv2@sha256:abc'}]}",
        "{containers: [{name: a, image: 'x/linkerd/proxy-init'}]}"
      })
  void anotherSidecarIsSeen(String spec) {
    assertThat(reasons("{spec: " + spec + "}")).containsExactly(SIDECAR_ALREADY_EXISTS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nginx", "x/mylinkerd/proxy2:1", "linkerd/proxyless:1", ""})
  void anOrdinaryImageIsNone(String image) {
    String pod = "{spec: {containers: [{name: a, image: '" + image + "'}]}}";

    assertThat(InjectionDecision.of(Trees.pod(pod), enabled(), false)).isInstanceOf(Inject.class);
  }

  @Test
  void ourOwnSidecarIsNoNews() {
    String pod =
        """
        metadata: {labels: {selvage.io/control-plane-ns: selvage}}
        spec: {initContainers: [{name: selvage-proxy}], containers: [{name: app}]}
        """;

    assertThat(InjectionDecision.of(Trees.pod(pod), enabled(), false)).isInstanceOf(Present.class);
    assertThat(InjectionDecision.of(Trees.pod(pod), Map.of(), false)).isInstanceOf(Present.class);
  }

  @Test
  void onlyWhatSomebodyMayMissIsSurprising() {
    assertThat(INJECTION_ENABLE_ANNOTATION_ABSENT.isSurprising()).isFalse();
    assertThat(INJECTION_DISABLE_ANNOTATION_PRESENT.isSurprising()).isFalse();
    assertThat(INVALID_INJECT_ANNOTATION_AT_NS.isSurprising()).isTrue();
    assertThat(INVALID_INJECT_ANNOTATION_AT_WORKLOAD.isSurprising()).isTrue();
    assertThat(HOST_NETWORK_ENABLED.code()).isEqualTo("host_network_enabled");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | spec is not a mapping",
        "{spec: []} | spec is not a mapping",
        "{metadata: 1, spec: {}} | metadata is not a mapping",
        "{metadata: {labels: []}, spec: {}} | metadata.labels is not a mapping",
        "{metadata: {annotations: {a: 1}}, spec: {}} | metadata.annotations.a is not text",
        "{metadata: {name: [x]}, spec: {}} | metadata.name is not text",
        "{spec: {containers: {}}} | spec.containers is not a list",
        "{spec: {containers: [1]}} | spec.containers[0] is not a mapping",
        "{spec: {containers: [{name: 1}]}} | spec.containers[0].name is not text",
        "{spec: {containers: [{image: {}}]}} | spec.containers[0].image is not text",
        "{spec: {containers: [{ports: 1}]}} | spec.containers[0].ports is not a list",
        "{spec: {containers: [{ports: [1]}]}} | spec.containers[0].ports[0] is not a mapping",
        "{spec: {containers: [{ports: [{}]}]}} | spec.containers[0].ports[0].containerPort is not a"
            + " port",
        "{spec: {initContainers: x}} | spec.initContainers is not a list",
        "{spec: {volumes: x}} | spec.volumes is not a list",
        "{spec: {volumes: [x]}} | spec.volumes[0] is not a mapping",
        "{spec: {volumes: [{name: []}]}} | spec.volumes[0].name is not text",
        "{spec: {hostNetwork: 1}} | spec.hostNetwork is not true or false",
        "{spec: {terminationGracePeriodSeconds: x}} | spec.terminationGracePeriodSeconds is not a"
            + " number"
      })
  void aPodOfAWrongShapeIsNamedByThePlace(String pod, String message) {
    assertThatThrownBy(() -> PodTree.of(Trees.yaml(pod)))
        .isInstanceOf(BadPodException.class)
        .hasMessage(message);
  }

  @Test
  void nothingIsAsGoodAsNull() throws BadPodException {
    PodTree pod =
        PodTree.of(
            Trees.yaml(
                "{metadata: {labels: null, annotations: {a: null}}, spec: {containers: null,"
                    + " volumes: null, hostNetwork: null}}"));

    assertThat(pod.annotations()).containsEntry("a", "");
    assertThat(pod.containers()).isEmpty();
    assertThat(pod.graceSeconds()).isEqualTo(30);
  }

  private static List<SkipReason> reasons(String pod) {
    return ((Skip) InjectionDecision.of(Trees.pod(pod), enabled(), false)).reasons();
  }

  private static Map<String, String> enabled() {
    return Map.of(MeshNames.INJECT, "enabled");
  }

  private static InjectionDecision decide(
      String nsName, String namespace, String podName, String pod, boolean accept) {
    ObjectNode tree = Trees.yaml(POD);
    put(tree.putObject("metadata").putObject("annotations"), podName, pod);
    Map<String, String> ns = namespace.equals("-") ? Map.of() : Map.of(nsName, namespace);
    return InjectionDecision.of(Trees.pod(tree), ns, accept);
  }

  private static void put(ObjectNode annotations, String name, String value) {
    if (!value.equals("-")) {
      annotations.put(name, value);
    }
  }
}
