// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.selvage.kube.manifest.ManifestReader;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.kube.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The manifests in charts/selvage-crds and the records in model.crd speak of the same fields. */
class CustomResourceSchemaTest {
  private static final Path CRDS = Path.of("..", "charts", "selvage-crds", "templates");
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  /** Aliases that Emissary's schema does not have and that only folders may use. */
  private static final Set<String> STRUCTURES_LEFT_OPEN = Set.of("BoolOrString", "CommaList");

  @TestFactory
  Stream<DynamicTest> everyFieldThatIsReadIsInTheSchemaOfEveryVersion() {
    return EmissaryKinds.ALL.stream()
        .map(kind -> DynamicTest.dynamicTest(kind.name(), () -> everyFieldIsThere(kind)));
  }

  private static void everyFieldIsThere(Kind<?> kind) throws IOException {
    JsonNode crd = definition(kind);
    var versions = new ArrayList<String>();
    for (JsonNode version : crd.at("/spec/versions")) {
      versions.add(version.path("name").asText());
      JsonNode schema = version.at("/schema/openAPIV3Schema/properties/spec");
      JavaType spec =
          JSON
              .getDeserializationConfig()
              .introspect(JSON.constructType(kind.type()))
              .findProperties()
              .stream()
              .filter(p -> p.getName().equals("spec"))
              .findFirst()
              .orElseThrow()
              .getPrimaryType();
      var missing = new ArrayList<String>();
      collectMissing(spec, schema, "spec", missing);
      assertThat(missing).as("%s %s", kind.name(), version.path("name").asText()).isEmpty();
      assertThat(version.at("/subresources/status").isMissingNode()).isFalse();
    }
    assertThat(versions).containsExactlyElementsOf(kind.versions());
    assertThat(crd.at("/spec/conversion/strategy").asText()).isEqualTo("None");
    assertThat(crd.at("/metadata/name").asText()).isEqualTo(kind.plural() + "." + kind.group());
    assertThat(crd.at("/spec/names/kind").asText()).isEqualTo(kind.name());
  }

  private static void collectMissing(
      JavaType type, JsonNode schema, String path, List<String> missing) {
    if (schema.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
      return;
    }
    if (type.isCollectionLikeType()) {
      collectMissing(type.getContentType(), schema.path("items"), path + "[]", missing);
      return;
    }
    if (type.isMapLikeType()) {
      collectMissing(
          type.getContentType(), schema.path("additionalProperties"), path + "{}", missing);
      return;
    }
    boolean ours = type.getRawClass().getName().startsWith("io.selvage.");
    if (!ours
        || type.getRawClass().getSimpleName().equals("AmbassadorIds")
        || STRUCTURES_LEFT_OPEN.contains(type.getRawClass().getSimpleName())) {
      if (schema.isMissingNode() || schema.isEmpty()) {
        missing.add(path);
      }
      return;
    }
    for (BeanPropertyDefinition property :
        JSON.getDeserializationConfig().introspect(type).findProperties()) {
      if (property.getConstructorParameter() == null) {
        continue;
      }
      JsonNode child = schema.path("properties").path(property.getName());
      if (child.isMissingNode()) {
        missing.add(path + "." + property.getName());
      } else {
        collectMissing(property.getPrimaryType(), child, path + "." + property.getName(), missing);
      }
    }
  }

  private static JsonNode definition(Kind<?> kind) throws IOException {
    Path file = CRDS.resolve(kind.name().toLowerCase(Locale.ROOT) + ".yaml");
    return YAML.readTree(Files.readString(file));
  }

  @Test
  void printsTheColumnsPeopleKnowFromEmissary() throws IOException {
    assertThat(columns(EmissaryKinds.MAPPING))
        .containsExactly("Source Host", "Source Prefix", "Dest Service", "State", "Reason");
    assertThat(columns(EmissaryKinds.HOST)).startsWith("Hostname", "State", "Phase Completed");
    assertThat(columns(EmissaryKinds.LISTENER)).startsWith("Port", "Protocol", "Stack");
  }

  private static List<String> columns(Kind<?> kind) throws IOException {
    var names = new ArrayList<String>();
    definition(kind)
        .at("/spec/versions/0/additionalPrinterColumns")
        .forEach(c -> names.add(c.path("name").asText()));
    return names;
  }

  @Test
  void storesOneVersionAndServesAll() throws IOException {
    for (Kind<?> kind : EmissaryKinds.ALL) {
      var stored = new ArrayList<String>();
      for (JsonNode version : definition(kind).at("/spec/versions")) {
        assertThat(version.path("served").asBoolean()).isTrue();
        if (version.path("storage").asBoolean()) {
          stored.add(version.path("name").asText());
        }
      }
      assertThat(stored).as(kind.name()).containsExactly("v3alpha1");
    }
  }

  /**
   * The structural rule that decides whether an API server prunes: each node has a type or is open.
   */
  @Test
  void everySchemaNodeHasATypeOrIsOpen() throws IOException {
    for (Kind<?> kind : EmissaryKinds.ALL) {
      for (JsonNode version : definition(kind).at("/spec/versions")) {
        checkStructural(version.at("/schema/openAPIV3Schema"), kind.name());
      }
    }
  }

  private static void checkStructural(JsonNode schema, String path) {
    assertThat(
            schema.has("type") || schema.path("x-kubernetes-preserve-unknown-fields").asBoolean())
        .as(path)
        .isTrue();
    for (Map.Entry<String, JsonNode> p : schema.path("properties").properties()) {
      checkStructural(p.getValue(), path + "." + p.getKey());
    }
    for (String nested : List.of("items", "additionalProperties")) {
      if (schema.has(nested)) {
        checkStructural(schema.get(nested), path + "/" + nested);
      }
    }
  }

  @Test
  void readsTheFormsOfOlderVersions() {
    var file =
        ManifestReader.read(
            "old.yaml",
            """
            apiVersion: getambassador.io/v2
            kind: Mapping
            metadata: {name: old}
            spec:
              ambassador_id: one
              prefix: /old/
              service: old
              tls: true
              headers: {x-any: true, x-is: value}
              add_request_headers: {x-bare: text, x-full: {value: v, append: false}, x-bool: true}
              remove_request_headers: x-gone
              cors: {origins: "https://a.example,https://b.example"}
              labels: {ambassador: [{group: [source_cluster, {key: {header: x}}]}]}
            """);

    assertThat(file.problems()).isEmpty();
    var spec = ((io.selvage.model.crd.Mapping) file.objects().getFirst().object()).spec();
    assertThat(spec).isNotNull();
    assertThat(spec.ambassadorIds().values()).containsExactly("one");
    assertThat(spec.headers().get("x-any").isTrue()).isTrue();
    assertThat(spec.headers().get("x-is").text()).isEqualTo("value");
    assertThat(spec.addRequestHeaders().get("x-bare").append()).isTrue();
    assertThat(spec.addRequestHeaders().get("x-full").append()).isFalse();
    assertThat(spec.addRequestHeaders().get("x-bool").value()).isEqualTo("true");
    assertThat(spec.removeRequestHeaders()).containsExactly("x-gone");
    assertThat(spec.cors()).isNotNull();
    assertThat(spec.cors().origins().values())
        .containsExactly("https://a.example", "https://b.example");
  }
}
