// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class YamlWriterTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "a",
        "yes",
        "No",
        "y",
        "on",
        "null",
        "~",
        "true",
        "1",
        "0x1f",
        "1e3",
        "1.0",
        ".inf",
        "0o17",
        "12:30:45",
        "2001-01-01",
        "a: b",
        "a #b",
        "#",
        "- a",
        "?",
        "!x",
        "&a",
        "*a",
        "%a",
        "@",
        "`",
        "'",
        "\"",
        "a\\b",
        "a:",
        ":a",
        "[a]",
        "{a}",
        "a,b",
        "tab\there",
        "a\nb",
        "a\nb\n",
        "\na",
        " a",
        "a ",
        "a \nb",
        "a\r\nb",
        "\u0000",
        "\u0085",
        "\u2028",
        "\ufeff",
        "\ud83d\ude00",
        "---",
        "--- a",
        "...",
        "=",
        "<<",
        "a\n\n",
        "a\n---\nb",
        "|",
        ">",
        "100m",
        "1Gi",
        "4143",
        "NaN"
      })
  void everyTextComesBackAsItWas(String text) {
    ObjectNode object = JSON.createObjectNode().put("value", text);
    object.put("k" + text, 1L);
    object.putArray("list").add(text).addObject().put("x", text);

    assertThat(reread(object)).isEqualTo(object);
  }

  @Test
  void randomTreesComeBackAsTheyWere() {
    var random = new Random(3);
    for (int i = 0; i < 300; i++) {
      ObjectNode tree = JSON.createObjectNode();
      fill(tree, random, 4);
      assertThat(reread(tree)).isEqualTo(tree);
    }
  }

  @Test
  void itReadsAsAPersonWouldWriteIt() throws Exception {
    JsonNode object =
        JSON.readTree(
            """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{}},
             "spec":{"replicas":2,"paused":false,"x":null,"image":"registry/web:1.2","cpu":"100m",
             "args":["--flag=a b",""],"script":"set -e\\necho hi\\n"}}
            """);

    assertThat(YamlWriter.write(object))
        .isEqualTo(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: web
              labels: {}
            spec:
              replicas: 2
              paused: false
              x: null
              image: registry/web:1.2
              cpu: "100m"
              args:
              - "--flag=a b"
              - ""
              script: |
                set -e
                echo hi
            """);
  }

  private static JsonNode reread(JsonNode tree) {
    List<ManifestTrees.Document> read = ManifestTrees.read(YamlWriter.write(tree), false);
    assertThat(read).hasSize(1);
    assertThat(read.getFirst().fault()).isEmpty();
    return read.getFirst().json();
  }

  private static void fill(ObjectNode object, Random random, int depth) {
    for (int i = random.nextInt(5); i >= 0; i--) {
      String name = text(random);
      switch (depth == 0 ? 2 + random.nextInt(4) : random.nextInt(6)) {
        case 0 -> fill(object.putObject(name), random, depth - 1);
        case 1 -> {
          ArrayNode list = object.putArray(name);
          for (int j = random.nextInt(4); j > 0; j--) {
            list.add(text(random)).add(random.nextLong());
          }
        }
        case 2 -> object.put(name, random.nextBoolean());
        case 3 -> object.putNull(name);
        case 4 -> object.put(name, random.nextLong());
        default -> object.put(name, text(random));
      }
    }
  }

  private static String text(Random random) {
    String alphabet = "ab1 :-#\n\t\"'\\{}[],&*!|>%@`~.?=\u00e9\u2028";
    var text = new StringBuilder();
    for (int i = random.nextInt(8); i > 0; i--) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return text.toString();
  }
}
