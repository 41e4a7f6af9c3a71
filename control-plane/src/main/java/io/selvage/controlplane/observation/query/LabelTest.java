// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import io.selvage.controlplane.observation.workload.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A label selector as kubectl's {@code -l} reads it: {@code a=b}, {@code a==b}, {@code a!=b},
 * {@code a in (b, c)}, {@code a notin (b, c)}, {@code a}, {@code !a}, joined by commas.
 *
 * @param text as given
 */
public record LabelTest(String text, List<Predicate<Map<String, String>>> requirements) {
  /** Every pod. */
  public static final LabelTest ANY = new LabelTest("", List.of());

  /** No selector that a person writes is longer. */
  public static final int MAX_LENGTH = 4_096;

  private static final String KEY =
      "(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?";
  private static final String VALUE = "(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?";
  private static final Pattern EQUALITY =
      Pattern.compile("(" + KEY + ")\\s*(==|=|!=)\\s*(" + VALUE + ")");
  private static final Pattern EXISTENCE = Pattern.compile("(!?)\\s*(" + KEY + ")");
  private static final Pattern SET =
      Pattern.compile("(" + KEY + ")\\s+(in|notin)\\s*\\(([^()]*)\\)");

  public LabelTest {
    requirements = List.copyOf(requirements);
  }

  /**
   * @throws IllegalArgumentException naming the part that is no requirement
   */
  public static LabelTest parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("the label selector is longer than " + MAX_LENGTH);
    }
    if (text.isBlank()) {
      return ANY;
    }
    return new LabelTest(text, split(text).stream().map(LabelTest::requirement).toList());
  }

  /** At the commas that stand in no parentheses. */
  private static List<String> split(String text) {
    var parts = new ArrayList<String>();
    int start = 0;
    boolean inside = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '(') {
        inside = true;
      } else if (c == ')') {
        inside = false;
      } else if (c == ',' && !inside) {
        parts.add(text.substring(start, i).strip());
        start = i + 1;
      }
    }
    parts.add(text.substring(start).strip());
    return parts;
  }

  private static Predicate<Map<String, String>> requirement(String part) {
    Matcher equality = EQUALITY.matcher(part);
    if (equality.matches()) {
      String key = equality.group(1);
      String value = equality.group(3);
      boolean equal = !equality.group(2).equals("!=");
      return labels -> value.equals(labels.get(key)) == equal;
    }
    Matcher set = SET.matcher(part);
    if (set.matches()) {
      String key = set.group(1);
      Set<String> values =
          Stream.of(set.group(3).split(",", -1))
              .map(String::strip)
              .map(value -> checked(value, part))
              .collect(Collectors.toUnmodifiableSet());
      boolean in = set.group(2).equals("in");
      return labels -> {
        String value = labels.get(key);
        return (value != null && values.contains(value)) == in;
      };
    }
    Matcher existence = EXISTENCE.matcher(part);
    if (existence.matches()) {
      String key = existence.group(2);
      boolean wanted = existence.group(1).isEmpty();
      return labels -> labels.containsKey(key) == wanted;
    }
    throw notSelector(part);
  }

  private static String checked(String value, String part) {
    if (!value.matches(VALUE)) {
      throw notSelector(part);
    }
    return value;
  }

  private static IllegalArgumentException notSelector(String part) {
    return new IllegalArgumentException("not a label selector: \"" + Printable.text(part) + "\"");
  }

  /** Whether it lets everything pass. */
  public boolean isAny() {
    return requirements.isEmpty();
  }

  /** Whether labels satisfy all of it. */
  public boolean matches(Map<String, String> labels) {
    return requirements.stream().allMatch(requirement -> requirement.test(labels));
  }
}
