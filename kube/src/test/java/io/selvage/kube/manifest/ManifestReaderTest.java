// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import io.selvage.model.crd.Mapping;
import io.selvage.model.kube.Ingress;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.kube.Service;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ManifestReaderTest {
  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata:
        name: %s
      spec:
        ports:
          - port: 80
      """;

  @Test
  void readsDocumentsListsAndJsonAlike() {
    String yaml =
        """
        # a comment
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: one}
        spec: {ports: [{port: 80, targetPort: http}]}
        ---
        apiVersion: v1
        kind: List
        items:
          - apiVersion: v1
            kind: Service
            metadata: {name: two, namespace: shop}
          - apiVersion: networking.k8s.io/v1
            kind: IngressClass
            metadata: {name: three, namespace: ignored}
        ---
        # nothing here
        ---
        {"apiVersion": "v1", "kind": "ServiceList", "items": [{"metadata": {"name": "four"}}]}
        """;

    ManifestFile file = ManifestReader.read("a.yaml", yaml);

    assertThat(file.problems()).isEmpty();
    assertThat(file.objects())
        .extracting(l -> l.object().ref() + " at " + l.location())
        .containsExactly(
            "Service default/one at a.yaml:3",
            "Service shop/two at a.yaml:11",
            "IngressClass three at a.yaml:14",
            "Service default/four at a.yaml:20");
  }

  @Test
  void readsJsonValuesOneAfterAnother() {
    String json =
        """
        {"apiVersion": "v1", "kind": "Service",
          "metadata": {"name": "one"}}
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "two"}, "spek": {}}
        """;

    ManifestFile file = ManifestReader.read("a.json", json);

    assertThat(file.objects()).extracting(l -> l.location().line()).containsExactly(1, 3);
    assertThat(file.problems())
        .containsExactly(
            Problem.warning(ref("two"), "spek", "UnknownField", "the field is unknown and ignored")
                .at(new SourceLocation("a.json", 3)));
  }

  @Test
  void scalarsMeanWhatKubectlTakesThemFor() {
    String yaml =
        """
        apiVersion: getambassador.io/v3alpha1
        kind: Mapping
        metadata:
          name: m
          annotations: {when: "2020-01-01", plain: 12:30:45}
        spec:
          prefix: /x/
          service: backend
          prefix_exact: yes
          timeout_ms: 0x10
          idle_timeout_ms: 010
          connect_timeout_ms: 1_000
        """;

    ManifestFile file = ManifestReader.read("a.yaml", yaml);

    assertThat(file.problems()).isEmpty();
    var mapping = (Mapping) file.objects().getFirst().object();
    assertThat(mapping.metadata().annotations())
        .containsEntry("when", "2020-01-01")
        .containsEntry("plain", "12:30:45");
    assertThat(mapping.spec().prefixExact()).isTrue();
    assertThat(mapping.spec().timeoutMillis()).isEqualTo(16);
    assertThat(mapping.spec().idleTimeoutMillis()).isEqualTo(8);
    assertThat(mapping.spec().connectTimeoutMillis()).isEqualTo(1000);
  }

  @Test
  void anchorsAndMergeKeysWork() {
    String yaml =
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: one
          labels: &labels {app: web, tier: front}
        spec:
          selector: {<<: *labels, tier: back}
          ports: [{port: 1}]
        """;

    ManifestFile file = ManifestReader.read("a.yaml", yaml);

    assertThat(file.problems()).isEmpty();
    assertThat(((Service) file.objects().getFirst().object()).spec().selector())
        .containsEntry("app", "web")
        .containsEntry("tier", "back");
  }

  @Test
  void fieldsThatKubernetesKnowsAreNotReported() {
    String yaml =
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: one
          finalizers: [a/b]
          ownerReferences: [{kind: X}]
          managedFields: [{manager: x}]
        spec:
          externalTrafficPolicy: Local
          sessionAffinityConfig: {clientIP: {timeoutSeconds: 1}}
          ports: [{port: 1, nodePort: 30000, appProtocol: http}]
        status: {loadBalancer: {}}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: s, labels: {kubernetes.io/service-name: one}}
        addressType: IPv4
        endpoints:
          - addresses: [10.0.0.1]
            hints: {forZones: [{name: a}]}
            targetRef: {kind: Pod, name: p, namespace: default, uid: u}
        ports: [{port: 1, name: ""}]
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: s}
        immutable: true
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: ignored}
        """;

    assertThat(ManifestReader.read("a.yaml", yaml).problems()).isEmpty();
  }

  static Stream<Arguments> badDocuments() {
    return Stream.of(
        bad("SyntaxError", "a.yaml:4", "kind: Service\nmetadata:\n  name: [\n", "-", ""),
        bad("SyntaxError", "a.yaml:2", "a: 1\n\tb: 2\n", "-", ""),
        bad("SyntaxError", "a.yaml:2", "a: 1\nb: \u0001\n", "-", ""),
        bad("SyntaxError", "a.yaml:1", "? [a]\n: b\n", "-", ""),
        bad("NotAnObject", "a.yaml:1", "just text\n", "-", ""),
        bad("NotAnObject", "a.yaml:1", "- a\n- b\n", "-", ""),
        bad("KindMissing", "a.yaml:1", "metadata: {name: x}\n", "-", "kind"),
        bad("KindMissing", "a.yaml:1", "kind: Service\n", "-", "apiVersion"),
        bad("NameMissing", "a.yaml:1", "{apiVersion: v1, kind: Service}\n", "-", "metadata.name"),
        bad(
            "NameMissing",
            "a.yaml:3",
            "apiVersion: v1\nkind: Service\nmetadata: text\n",
            "-",
            "metadata.name"),
        bad(
            "InvalidName",
            "a.yaml:4",
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: BAD_NAME\n",
            "-",
            "metadata.name"),
        bad(
            "InvalidName",
            "a.yaml:5",
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: 7\n",
            "-",
            "metadata.namespace"),
        bad(
            "UnsupportedVersion",
            "a.yaml:2",
            "kind: Ingress\napiVersion: networking.k8s.io/v1beta1\nmetadata: {name: a}\n",
            "Ingress default/a",
            "apiVersion"),
        bad(
            "UnknownKind",
            "a.yaml:1",
            "kind: Ingres\napiVersion: networking.k8s.io/v1\nmetadata: {name: a}\n",
            "-",
            "kind"),
        bad(
            "WrongType",
            "a.yaml:7",
            SERVICE.formatted("a").replace("port: 80", "port: \"80\""),
            "Service default/a",
            "spec.ports[0].port"),
        bad(
            "WrongType",
            "a.yaml:7",
            SERVICE.formatted("a").replace("port: 80", "port: 80.5"),
            "Service default/a",
            "spec.ports[0].port"),
        bad(
            "WrongType",
            "a.yaml:5",
            SERVICE.formatted("a").replace("spec:\n  ports:\n    - port: 80", "spec: text"),
            "Service default/a",
            "spec"),
        bad(
            "WrongType",
            "a.yaml:4",
            "apiVersion: v1\nkind: Service\nmetadata:\n  annotations: {a.b/c: true}\n  name: a\n",
            "Service default/a",
            "metadata.annotations.a.b/c"),
        bad(
            "UnknownField",
            "a.yaml:8",
            SERVICE.formatted("a") + "      prot: 80\n".substring(0),
            "Service default/a",
            "spec.ports[0].prot"),
        bad(
            "UnknownField",
            "a.yaml:5",
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  label: {a: b}\n",
            "Service default/a",
            "metadata.label"),
        bad(
            "DuplicateField",
            "a.yaml:4",
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nkind: Service\n",
            "Service default/a",
            "kind"));
  }

  private static Arguments bad(
      String reason, String place, String text, String object, String field) {
    return Arguments.of(reason, place, text, object, field);
  }

  @ParameterizedTest(name = "{0} {4}")
  @MethodSource("badDocuments")
  void namesPlaceObjectAndFieldOfWhatIsWrongAndKeepsTheRest(
      String reason, String place, String text, String object, String field) {
    String good = SERVICE.formatted("good");

    ManifestFile file = ManifestReader.read("a.yaml", text + "---\n" + good);

    assertThat(file.problems()).hasSize(1);
    Problem problem = file.problems().getFirst();
    assertThat(problem.reason()).isEqualTo(reason);
    assertThat(problem.location().orElseThrow()).hasToString(place);
    assertThat(problem.object().map(ObjectRef::toString).orElse("-")).isEqualTo(object);
    assertThat(problem.field()).isEqualTo(field);
    assertThat(file.objects().getLast().object().ref()).isEqualTo(ref("good"));
    boolean lost = problem.severity() == Problem.Severity.ERROR;
    assertThat(file.complete()).isEqualTo(!lost || problem.object().isPresent());
    assertThat(file.failed()).isEqualTo(lost ? file.failed() : java.util.Set.of());
  }

  @Test
  void aWrongTypeSaysWhatIsExpectedAndNeverShowsTheValue() {
    String yaml =
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: s}
        data: {key: [aHVudGVyMg==]}
        """;

    Problem problem = ManifestReader.read("a.yaml", yaml).problems().getFirst();

    assertThat(problem.message()).isEqualTo("expected text, found a list");
    assertThat(problem.toString()).doesNotContain("aHVudGVyMg");
  }

  @Test
  void anAliasBombEndsEarlyAndSpoilsOnlyItself() {
    var bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++) {
      String last = "*a" + (i - 1);
      bomb.append(
          "a%d: &a%d [%s]\n"
              .formatted(
                  i, i, String.join(",", List.of(last, last, last, last, last, last, last, last))));
    }
    bomb.append("---\n").append(SERVICE.formatted("good"));

    ManifestFile file = ManifestReader.read("a.yaml", bomb.toString());

    assertThat(file.problems()).hasSize(1);
    assertThat(file.problems().getFirst().severity()).isEqualTo(Problem.Severity.ERROR);
    assertThat(file.objects()).hasSize(1);
  }

  @Test
  void aliasesWithinTheBudgetExpandAndOneMoreLevelIsRefused() {
    // 2 x characters + 1000 visits are allowed; each use of the list costs 101.
    assertThat(ManifestReader.read("a.yaml", aliases(10)).objects()).hasSize(1);
    assertThat(ManifestReader.read("a.yaml", aliases(49)).problems())
        .extracting(Problem::reason)
        .containsExactly("TooManyAliases");
  }

  private static String aliases(int uses) {
    String items = "x,".repeat(100);
    return "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nstatus: {l: &l [%s], u: [%s]}\n"
        .formatted(items, "*l ,".repeat(uses));
  }

  @Test
  void aCycleIsRefused() {
    ManifestFile file = ManifestReader.read("a.yaml", "a: &a\n  b: *a\n");

    assertThat(file.problems()).hasSize(1);
    assertThat(file.complete()).isFalse();
  }

  @Test
  void nestingIsBoundedInYamlAndJson() {
    int most = YamlDocuments.MAX_DEPTH;
    for (String name : List.of("a.yaml", "a.json")) {
      assertThat(ManifestReader.read(name, nested(most)).problems()).isEmpty();
      assertThat(ManifestReader.read(name, nested(most + 1)).problems()).hasSize(1);
    }
  }

  /** A Service whose metadata, in a field that is not read, nests {@code levels} deep in all. */
  private static String nested(int levels) {
    int lists = levels - 2;
    return "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"a\","
        + " \"managedFields\": "
        + "[".repeat(lists)
        + "]".repeat(lists)
        + "}}";
  }

  @Test
  void aLineOfDashesInsideTextBelongsToTheText() {
    String yaml =
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: s}
        stringData:
          tls.crt: |
            -----BEGIN CERTIFICATE-----
            ---
            -----END CERTIFICATE-----
        """;

    ManifestFile file = ManifestReader.read("a.yaml", yaml);

    assertThat(file.problems()).isEmpty();
    assertThat(file.objects()).hasSize(1);
  }

  @Test
  void anIngressIsReadWhole() {
    String yaml =
        """
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: i}
        spec:
          ingressClassName: c
          tls: [{hosts: [a.example], secretName: s}]
          rules:
            - host: a.example
              http:
                paths:
                  - {path: /, pathType: Prefix, backend: {service: {name: b, port: {number: 80}}}}
                  - path: /r
                    pathType: Exact
                    backend: {resource: {apiGroup: g, kind: K, name: n}}
        """;

    ManifestFile file = ManifestReader.read("a.yaml", yaml);

    assertThat(file.problems()).isEmpty();
    var ingress = (Ingress) file.objects().getFirst().object();
    assertThat(ingress.spec().rules().getFirst().http().paths()).hasSize(2);
  }

  private static ObjectRef ref(String name) {
    return new ObjectRef("Service", "default", name);
  }
}
