// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever text a value holds, it is text in what is rendered, and nothing else changes. */
class ChartTextTest {
  /** Texts that mean something else to YAML or to a template, and what looks like one. */
  static final List<String> HOSTILE =
      List.of(
          "a: b",
          "a #b",
          "::",
          "x\"y'z",
          "{a: b}",
          "[1]",
          "*a",
          "&a",
          "!!int 1",
          "- a",
          "a\nkind: Evil",
          "a\n---\nkind: Evil\n",
          "a\n            - --evil",
          "  led",
          "\\n\\u2028",
          "{{ .Release.Name }}",
          "%",
          "@a",
          "`a`",
          "|",
          ">",
          "\u0000\u0007\t",
          "123",
          "1e3",
          "0x1f",
          "null",
          "~",
          "true",
          "no",
          "2001-01-01",
          "http://h:80/: ",
          "http://h/\"'",
          "http://h/#a:",
          "http://h/{{x}}:");

  /** Enough to be chosen for everything to be rendered; longer lists come behind what is there. */
  private static ObjectNode base() {
    return new ChartValues()
        .set(
            List.of(
                "createNamespace=true",
                "podDisruptionBudgets=true",
                "gateway.autoscaling.enabled=true",
                "gateway.otlpEndpoint=http://traces",
                "controlPlane.prometheus=http://figures",
                "controlPlane.grafana=http://pictures",
                "controlPlane.tapRole.create=true",
                "monitoring.podMonitors.enabled=true",
                // What the URLs of tools open is another matter, see ChartTest.
                "networkPolicies.prometheus.ports={1}",
                "networkPolicies.grafana.ports={1}",
                // What belongs together.
                "identity.issuer.crtPEM=c,identity.issuer.keyPEM=k,identity.trustAnchorsPEM=t",
                "controlPlane.env[0].name=V,injector.env[0].name=V,gateway.env[0].name=V",
                "gateway.service.extraPorts[0].name=p,gateway.service.extraPorts[0].port=9"),
            false)
        .tree();
  }

  /**
   * A value that is text.
   *
   * @param path where it is, {@code 0} being the first of a list and {@code x} any name of a map
   * @param form its part of the schema
   */
  record Text(String path, JsonNode form) {
    /** As the schema says it. */
    boolean takes(String text) {
      if (form.has("enum")) {
        return false;
      }
      return !form.has("pattern")
          || Pattern.compile(form.path("pattern").asText()).matcher(text).find();
    }

    @Override
    public String toString() {
      return path;
    }
  }

  /** All values that are text, or lists or maps of text. */
  static List<Text> texts() throws Exception {
    JsonNode schema =
        new ObjectMapper().readTree(Files.readString(Rendered.CHART.resolve("values.schema.json")));
    var texts = new ArrayList<Text>();
    walk(schema, schema, "", texts);
    assertThat(texts)
        .hasSizeGreaterThan(80)
        .extracting(Text::path)
        .contains(
            "/listenAddress",
            "/injector/exemptNamespaces/0",
            "/gateway/podAnnotations/x",
            "/gateway/env/0/value");
    // The command's own; and one that a template takes the names of ports for.
    texts.removeIf(text ->
        Set.of("/cli/overrides", "/gateway/service/extraPorts/0/targetPort").contains(text.path));
    return texts;
  }

  private static void walk(JsonNode schema, JsonNode node, String path, List<Text> to) {
    JsonNode here = node.has("$ref") ? schema.at(node.path("$ref").asText().substring(1)) : node;
    for (Map.Entry<String, JsonNode> property : here.path("properties").properties()) {
      walk(schema, property.getValue(), path + "/" + property.getKey(), to);
    }
    if (here.path("additionalProperties").isObject()) {
      walk(schema, here.path("additionalProperties"), path + "/x", to);
    }
    if (here.has("items")) {
      walk(schema, here.path("items"), path + "/0", to);
    }
    here.path("anyOf").forEach(one -> walk(schema, one, path, to));
    if (here.path("type").toString().contains("\"string\"")) {
      to.add(new Text(path, here));
    }
  }

  /** Each text is everywhere at once where the schema takes it. */
  @ParameterizedTest
  @FieldSource("HOSTILE")
  void staysText(String text) throws Exception {
    ObjectNode values = base();
    int places = 0;
    for (Text place : texts()) {
      if (place.takes(text)) {
        put(values, place.path(), text);
        places++;
      }
    }
    // Annotations, arguments and variables of three components are anything.
    assertThat(places).isGreaterThan(10);
    Map<String, JsonNode> before = leaves(Rendered.of(HelmEngine.KUBERNETES, "selvage", base()));
    Rendered rendered = Rendered.of(HelmEngine.KUBERNETES, "selvage", values);
    String coded = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    int changed = 0;
    for (Map.Entry<String, JsonNode> leaf : leaves(rendered).entrySet()) {
      if (leaf.getValue().equals(before.get(leaf.getKey()))
          || leaf.getKey().endsWith("selvage-config/data/values")) {
        continue;
      }
      assertThat(leaf.getValue().isTextual())
          .as("%s is %s", leaf.getKey(), leaf.getValue())
          .isTrue();
      assertThat(leaf.getKey().contains(text) ? text : leaf.getValue().asText())
          .as(leaf.getKey())
          .containsAnyOf(text, text.strip(), coded);
      changed++;
    }
    assertThat(changed).isGreaterThan(10);
    JsonNode kept =
        new ChartValues()
            .mergeYaml(
                "values", rendered.get("ConfigMap", "selvage-config").at("/data/values").asText())
            .tree();
    assertThat(kept.at("/gateway/podAnnotations/x").asText()).isEqualTo(text);
    assertThat(kept.at("/injector/extraArgs/0").asText()).isEqualTo(text);
  }

  /** The schema's forms are those that Helm goes by. */
  @ParameterizedTest
  @MethodSource("texts")
  void whatHasAFormTakesNothingElse(Text place) throws Exception {
    String text = "a: b\n- c";
    if (!place.takes(text)) {
      assertThatThrownBy(
              () -> Rendered.of(HelmEngine.KUBERNETES, "selvage", with(place.path(), text)))
          .isInstanceOf(HelmEngine.RenderException.class)
          .hasMessageContaining(place.path().substring(1).replace('/', '.'));
    }
  }

  private static ObjectNode with(String path, String text) {
    ObjectNode values = base();
    put(values, path, text);
    return values;
  }

  private static void put(ObjectNode values, String path, String text) {
    JsonNode here = values;
    String[] steps = path.substring(1).split("/");
    for (int i = 0; i < steps.length; i++) {
      boolean list = i + 1 < steps.length && steps[i + 1].equals("0");
      JsonNode next =
          i == steps.length - 1
              ? JsonNodeFactory.instance.textNode(text)
              : list ? JsonNodeFactory.instance.arrayNode() : JsonNodeFactory.instance.objectNode();
      JsonNode there = here instanceof ArrayNode array ? array.path(0) : here.path(steps[i]);
      if (there.getNodeType() != next.getNodeType() || next.isTextual()) {
        switch (here) {
          case ArrayNode array -> array.add(next);
          case ObjectNode object -> object.set(steps[i], next);
          default -> throw new IllegalArgumentException(path);
        }
        there = next;
      }
      here = there;
    }
  }

  /** Every scalar, by where it stands; of a list of scalars the place in it does not count. */
  private static Map<String, JsonNode> leaves(Rendered rendered) {
    var leaves = new TreeMap<String, JsonNode>();
    for (ObjectNode object : rendered.objects()) {
      leaves(
          object.path("kind").asText() + " " + object.at("/metadata/name").asText(),
          object,
          leaves);
    }
    return leaves;
  }

  private static void leaves(String path, JsonNode node, Map<String, JsonNode> to) {
    if (node.isObject()) {
      node.properties().forEach(field -> leaves(path + "/" + field.getKey(), field.getValue(), to));
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        JsonNode item = node.get(i);
        leaves(path + "/" + (item.isValueNode() ? "=" + item : Integer.toString(i)), item, to);
      }
    } else {
      to.put(path, node);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"123", "null", "true", "1e3", "0x1f", "no"})
  void aNamespaceIsText(String namespace) throws Exception {
    Rendered rendered = Rendered.of(HelmEngine.KUBERNETES, namespace, base());
    Map<String, JsonNode> usual = leaves(Rendered.of(HelmEngine.KUBERNETES, "selvage", base()));
    leaves(rendered)
        .forEach((path, leaf) -> {
          if (path.endsWith("/namespace") || path.endsWith("kubernetes.io/metadata.name")) {
            assertThat(leaf.isTextual()).as(path).isTrue();
            assertThat(leaf.asText()).as(path).isEqualTo(namespace);
          } else if (usual.containsKey(path)) {
            assertThat(leaf.getNodeType()).as(path).isEqualTo(usual.get(path).getNodeType());
          }
        });
    assertThat(rendered.get("Namespace", namespace).at("/metadata/name").isTextual()).isTrue();
    assertThat(rendered.args("control-plane")).contains("--namespace=" + namespace);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\rb", "a\u0085b", "a\u2028b", "a\u2029b"})
  void otherSeparatorsOfLinesAreRefused(String text) throws Exception {
    assertThatThrownBy(() ->
            Rendered.of(HelmEngine.KUBERNETES, "selvage", with("/gateway/podAnnotations/x", text)))
        .isInstanceOf(HelmEngine.RenderException.class)
        .hasMessageContaining("another separator of lines");
  }

  @Test
  void certificatesMayHaveAnyEndsOfLines() throws Exception {
    ObjectNode values = base();
    ObjectNode identity = values.withObject("/identity");
    identity.withObject("/issuer").put("crtPEM", "c\r\nd").put("keyPEM", "k\r\nl");
    identity.put("trustAnchorsPEM", "one\r\ntwo\u2028kind: Evil\r\n");
    assertThat(
            Rendered.of(HelmEngine.KUBERNETES, "selvage", values)
                .get("ConfigMap", "selvage-trust-roots")
                .at("/data/ca-bundle.crt")
                .asText())
        .isEqualTo("one\r\ntwo\u2028kind: Evil\n");
  }

  /** By the URL's own rules; a form without an end would let anything behind it pass. */
  @ParameterizedTest
  @ValueSource(strings = {"http://h/ #", "http://h/\n- --evil", "http://h /", "ftp://h/"})
  void aUrlEndsWhereItEnds(String url) {
    for (String path : List.of("/controlPlane/prometheus", "/gateway/otlpEndpoint")) {
      assertThatThrownBy(() -> Rendered.of(HelmEngine.KUBERNETES, "selvage", with(path, url)))
          .isInstanceOf(HelmEngine.RenderException.class);
    }
  }
}
