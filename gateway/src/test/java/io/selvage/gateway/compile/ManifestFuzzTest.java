// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.selvage.gateway.golden.Scenario;
import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.kube.manifest.ManifestReader;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.RoutingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Valid manifests with one value changed into something else: compiling never throws, never meets a
 * fault of ours, and serves the objects that were left alone as before. Seeded; a failure names its
 * seed.
 */
class ManifestFuzzTest {
  private static final int ROUNDS = 1500;
  private static final YAMLMapper YAML = new YAMLMapper();

  /** Untouched, in a namespace and under hosts that no scenario uses. */
  private static final String WITNESS =
      """
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata:
        name: witness
        namespace: fuzz-witness
        annotations:
          kubernetes.io/ingress.class: ambassador
      spec:
        rules:
          - host: witness.fuzz.example
            http:
              paths:
                - {path: /here, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: fuzz-witness}
      spec: {ports: [{port: 80}]}
      """;

  private static final List<JsonNode> ODD =
      List.of(
          JsonNodeFactory.instance.nullNode(),
          JsonNodeFactory.instance.textNode(""),
          JsonNodeFactory.instance.textNode("*"),
          JsonNodeFactory.instance.textNode("(((((a+)+)+)+"),
          JsonNodeFactory.instance.textNode("../../%2f/\u0000\r\nx: y"),
          JsonNodeFactory.instance.textNode("\ud83d\ude00".repeat(300)),
          JsonNodeFactory.instance.numberNode(-1),
          JsonNodeFactory.instance.numberNode(65_536),
          JsonNodeFactory.instance.numberNode(Long.MAX_VALUE),
          JsonNodeFactory.instance.numberNode(1e300),
          JsonNodeFactory.instance.booleanNode(true),
          JsonNodeFactory.instance.arrayNode(),
          JsonNodeFactory.instance.objectNode(),
          JsonNodeFactory.instance.arrayNode().addNull(),
          JsonNodeFactory.instance.objectNode().putNull("x"));

  @Test
  void oneOddValueNeverCostsMoreThanItsObject() throws IOException {
    List<Path> files = manifests();
    var compiler = GatewayCompiler.standard();
    for (int seed = 0; seed < ROUNDS; seed++) {
      var random = new Random(seed);
      Path file = files.get(random.nextInt(files.size()));
      List<JsonNode> documents = new ArrayList<>();
      YAML.readerFor(JsonNode.class)
          .<JsonNode>readValues(Files.readString(file))
          .forEachRemaining(documents::add);
      mutate(documents.get(random.nextInt(documents.size())), random);
      var text = new StringBuilder();
      for (JsonNode document : documents) {
        text.append(YAML.writeValueAsString(document)).append('\n');
      }
      check(compiler, text + "---\n" + WITNESS, seed, file);
    }
  }

  private static void check(GatewayCompiler compiler, String yaml, int seed, Path file) {
    String where = "seed " + seed + " of " + file + ":\n" + yaml;
    CompileResult result;
    try {
      result = compiler.compile(state(yaml), CompileOptions.defaults());
    } catch (RuntimeException | StackOverflowError e) {
      fail(where, e);
      return;
    }
    assertThat(result.problems())
        .as(where)
        .extracting(Problem::reason)
        .doesNotContain(CompileContext.INTERNAL_ERROR);
    boolean listenersOfTheirOwn = yaml.contains("kind: \"Listener\"");
    if (!listenersOfTheirOwn) {
      assertThat(witnessRoutes(result.model())).as(where).hasSize(1);
    }
  }

  private static List<RouteSpec> witnessRoutes(RoutingModel model) {
    return model.routeTables().values().stream()
        .flatMap(t -> t.virtualHosts().stream())
        .filter(v -> v.host().text().equals("witness.fuzz.example"))
        .flatMap(v -> v.routes().stream())
        .filter(r -> r.origin().name().equals("witness"))
        .toList();
  }

  private static ClusterState state(String yaml) {
    var builder = ClusterState.builder();
    var read = ManifestReader.read("fuzz.yaml", yaml);
    read.objects().forEach(o -> builder.add(o.object(), o.location()));
    read.problems().forEach(builder::problem);
    return builder.build();
  }

  /** Replaces or removes one value below {@code root}, anywhere. */
  private static void mutate(JsonNode root, Random random) {
    var containers = new ArrayList<JsonNode>();
    collect(root, containers);
    JsonNode container = containers.get(random.nextInt(containers.size()));
    JsonNode odd = ODD.get(random.nextInt(ODD.size())).deepCopy();
    boolean remove = random.nextInt(5) == 0;
    if (container instanceof ObjectNode object && !object.isEmpty()) {
      var names = new ArrayList<String>();
      object.fieldNames().forEachRemaining(names::add);
      String name = names.get(random.nextInt(names.size()));
      if (remove) {
        object.remove(name);
      } else {
        object.set(name, odd);
      }
    } else if (container instanceof ArrayNode array && !array.isEmpty()) {
      int index = random.nextInt(array.size());
      if (remove) {
        array.remove(index);
      } else {
        array.set(index, odd);
      }
    }
  }

  private static void collect(JsonNode node, List<JsonNode> into) {
    if (node.isContainerNode()) {
      into.add(node);
      node.forEach(child -> collect(child, into));
    }
  }

  private static List<Path> manifests() throws IOException {
    try (Stream<Path> all = Files.walk(Scenario.root().getParent())) {
      List<Path> files =
          all.filter(p -> p.getFileName().toString().startsWith("in-")).sorted().toList();
      assertThat(files).hasSizeGreaterThan(50);
      return files;
    }
  }
}
