// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import java.util.Locale;

/**
 * Writes Prometheus' text format, version 0.0.4. A family is declared once and all its samples
 * follow; labels of a sample are given as pairs of name and value, those without a value are left
 * out.
 */
public final class MetricsText {
  private final StringBuilder text = new StringBuilder(4096);
  private String family = "";

  /**
   * Begins a family.
   *
   * @param type counter, gauge or histogram
   */
  public MetricsText family(String name, String type, String help) {
    family = name;
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    return this;
  }

  /** A sample with labels of {@link #labels}. */
  public MetricsText sample(String labels, long value) {
    return sample("", labels, Long.toString(value));
  }

  /** The same with three decimals. */
  public MetricsText sample(String labels, double value) {
    return sample("", labels, String.format(Locale.ROOT, "%.3f", value));
  }

  /**
   * A sample of a histogram.
   *
   * @param suffix such as {@code _bucket}
   */
  MetricsText sample(String suffix, String labels, String value) {
    text.append(family).append(suffix);
    if (!labels.isEmpty()) {
      text.append('{').append(labels).append('}');
    }
    text.append(' ').append(value).append('\n');
    return this;
  }

  /** Labels as they stand between braces. */
  public static String labels(String... namesAndValues) {
    var labels = new StringBuilder();
    for (int i = 0; i + 1 < namesAndValues.length; i += 2) {
      if (namesAndValues[i + 1].isEmpty()) {
        continue;
      }
      if (!labels.isEmpty()) {
        labels.append(',');
      }
      labels.append(namesAndValues[i]).append("=\"");
      escape(labels, namesAndValues[i + 1]);
      labels.append('"');
    }
    return labels.toString();
  }

  private static void escape(StringBuilder to, String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '\\' -> to.append("\\\\");
        case '"' -> to.append("\\\"");
        case '\n' -> to.append("\\n");
        default -> to.append(c);
      }
    }
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
