// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.DumperOptions.FlowStyle;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * JSON values as YAML that every reader takes for the same values, whichever version of YAML it
 * knows: text that any of them could take for something else is quoted.
 */
public final class YamlWriter {
  /** Text that is text to YAML 1.1 and 1.2 alike, once the words below are taken out. */
  private static final Pattern PLAIN =
      Pattern.compile("[A-Za-z/_][A-Za-z0-9_./@+-]*(:[A-Za-z0-9_./@+-]+)*( [A-Za-z0-9_./@+-]+)*");

  /** Words that mean something to some YAML; {@code y} and {@code n} to the first. */
  private static final Set<String> WORDS =
      Set.of("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf");

  private YamlWriter() {}

  /** One document, without a marker, ending in a line break. */
  public static String write(JsonNode value) {
    var options = new DumperOptions();
    options.setDefaultFlowStyle(FlowStyle.BLOCK);
    options.setSplitLines(false);
    options.setIndicatorIndent(0);
    options.setWidth(Integer.MAX_VALUE);
    var out = new StringWriter();
    new Yaml(options).serialize(node(value), out);
    return out.toString();
  }

  private static Node node(JsonNode value) {
    if (value.isObject()) {
      List<NodeTuple> fields = new ArrayList<>(value.size());
      value
          .properties()
          .forEach(e -> fields.add(new NodeTuple(key(e.getKey()), node(e.getValue()))));
      return new MappingNode(
          Tag.MAP, true, fields, null, null, fields.isEmpty() ? FlowStyle.FLOW : FlowStyle.BLOCK);
    }
    if (value.isArray()) {
      List<Node> items = new ArrayList<>(value.size());
      value.forEach(item -> items.add(node(item)));
      return new SequenceNode(
          Tag.SEQ, true, items, null, null, items.isEmpty() ? FlowStyle.FLOW : FlowStyle.BLOCK);
    }
    return switch (value.getNodeType()) {
      case NULL, MISSING -> scalar(Tag.NULL, "null");
      case BOOLEAN -> scalar(Tag.BOOL, value.asText());
      case NUMBER -> scalar(value.isIntegralNumber() ? Tag.INT : Tag.FLOAT, value.asText());
      default -> text(value.asText());
    };
  }

  private static ScalarNode scalar(Tag tag, String text) {
    return new ScalarNode(tag, text, null, null, ScalarStyle.PLAIN);
  }

  private static ScalarNode text(String text) {
    return new ScalarNode(Tag.STR, text, null, null, style(text));
  }

  private static ScalarNode key(String text) {
    ScalarStyle style =
        style(text) == ScalarStyle.PLAIN ? ScalarStyle.PLAIN : ScalarStyle.DOUBLE_QUOTED;
    return new ScalarNode(Tag.STR, text, null, null, style);
  }

  private static ScalarStyle style(String text) {
    if (PLAIN.matcher(text).matches() && !WORDS.contains(text.toLowerCase(Locale.ROOT))) {
      return ScalarStyle.PLAIN;
    }
    // A block keeps scripts and certificates readable; blanks at line ends would not survive it.
    boolean block =
        text.indexOf('\n') > 0
            && text.charAt(0) != ' '
            && text.chars().allMatch(c -> c == '\n' || c == '\t' || c >= ' ' && c != 0x7f)
            && !text.startsWith("\t")
            && text.lines().noneMatch(line -> line.endsWith(" ") || line.endsWith("\t"));
    return block ? ScalarStyle.LITERAL : ScalarStyle.DOUBLE_QUOTED;
  }
}
