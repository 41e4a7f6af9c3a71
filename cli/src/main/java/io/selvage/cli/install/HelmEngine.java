// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import io.selvage.kube.manifest.ManifestTrees;
import io.selvage.kube.manifest.YamlWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Renders a chart as {@code helm template} does, by the same engine. No cluster is asked. */
public final class HelmEngine {
  /** What Helm adds for people who run it by hand. */
  private static final String HINT = "Use --debug flag to render out invalid YAML";

  /** What is rendered for where no cluster was asked. */
  static final String KUBERNETES = "v1.33.0";

  /** The engine's way to say which value is refused: {@code - at '/a/b': why}. */
  private static final Pattern REFUSED_VALUE =
      Pattern.compile("^- at '([^']*)': (.*)$", Pattern.MULTILINE);

  private HelmEngine() {}

  /** The engine refused; the message is its own. */
  public static final class RenderException extends Exception {
    private static final long serialVersionUID = 1;

    RenderException(String message) {
      super(message);
    }
  }

  /**
   * Renders a chart.
   *
   * @param chart its folder
   * @param values beyond those of the chart
   * @param secrets further ones, by their paths, that must not be in a file
   * @param valuesFile where to put them for the engine
   * @param kubernetes version of the cluster, such as {@code v1.36.2}; {@value #KUBERNETES} when
   *     empty
   * @return text of all documents
   * @throws RenderException if the values do not fit, or a template refuses them
   */
  static String render(
      Path chart,
      ObjectNode values,
      Map<String, String> secrets,
      Path valuesFile,
      String release,
      String namespace,
      Optional<String> kubernetes)
      throws RenderException, IOException {
    Files.writeString(valuesFile, YamlWriter.write(values));
    var command =
        new Helm(chart)
            .template()
            .withName(release)
            .withNamespace(namespace)
            .withValuesFile(valuesFile);
    secrets.forEach(command::set);
    command.withKubeVersion(kubernetes.orElse(KUBERNETES));
    try {
      return command.call();
    } catch (IllegalStateException e) {
      throw new RenderException(reason(e));
    }
  }

  /** The problems that {@code helm lint --strict} finds; advice is left out. */
  static List<String> lint(Path chart) {
    LintResult result = new Helm(chart).lint().strict().call();
    return result.getMessages().stream()
        .filter(message -> !message.toUpperCase(Locale.ROOT).startsWith("[INFO]"))
        .toList();
  }

  /** Rendered text as objects, in its order. */
  static List<ObjectNode> objects(String rendered) throws IOException {
    var objects = new ArrayList<ObjectNode>();
    for (ManifestTrees.Document document : ManifestTrees.read(rendered, false)) {
      JsonNode tree = document.json();
      if (tree == null) {
        throw new IOException("line " + document.line() + ": " + document.fault());
      }
      if (tree instanceof ObjectNode object && !object.isEmpty()) {
        objects.add(object);
      }
    }
    return objects;
  }

  /** The engine's message without the names of its own functions. */
  private static String reason(IllegalStateException e) {
    String text = String.valueOf(e.getMessage()).replace(HINT, "").strip();
    List<String> values =
        REFUSED_VALUE
            .matcher(text)
            .results()
            .map(found -> value(found.group(1)) + found.group(2))
            .toList();
    if (!values.isEmpty()) {
      return String.join("; ", values);
    }
    // A template's own refusal is worded for people: execution error at (FILE:LINE:COLUMN): TEXT
    int refused = text.lastIndexOf("execution error at (");
    int end = refused < 0 ? -1 : text.indexOf("): ", refused);
    return end < 0 ? text : text.substring(end + "): ".length()).strip();
  }

  private static String value(String pointer) {
    return pointer.isEmpty() ? "" : "the value " + pointer.substring(1).replace('/', '.') + ": ";
  }
}
