// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A free-form map of options, taken one by one. A value of the wrong type is a problem of that
 * option alone and leaves its default; whatever nobody asked for is reported at the end. Confined
 * to the compiling thread.
 */
final class Options {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private final String path;
  private final Map<String, Object> values;
  private final Findings findings;
  private final Set<String> asked = new HashSet<>();

  Options(String path, Map<String, Object> values, Findings findings) {
    this.path = path;
    this.values = values;
    this.findings = findings;
  }

  private @Nullable Object take(String name) {
    asked.add(name);
    return values.get(name);
  }

  boolean has(String name) {
    return take(name) != null;
  }

  String field(String name) {
    return path + "." + name;
  }

  boolean bool(String name, boolean byDefault) {
    Object v = take(name);
    if (v == null || v instanceof Boolean) {
      return v == null ? byDefault : (Boolean) v;
    }
    String text = v.toString();
    if (text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false")) {
      return Boolean.parseBoolean(text);
    }
    findings.invalid(field(name), field(name) + " is neither true nor false");
    return byDefault;
  }

  /** A whole number within {@code min..max}. */
  long number(String name, long min, long max, long byDefault) {
    Object v = take(name);
    if (v == null) {
      return byDefault;
    }
    try {
      long n = Long.parseLong(v.toString().strip());
      if (n >= min && n <= max) {
        return n;
      }
    } catch (NumberFormatException e) {
      // Reported below with the range.
    }
    findings.invalid(
        field(name), field(name) + " is not a whole number within " + min + ".." + max);
    return byDefault;
  }

  String text(String name, String byDefault) {
    Object v = take(name);
    if (v instanceof Map || v instanceof List) {
      findings.invalid(field(name), field(name) + " is not a text");
      return byDefault;
    }
    return v == null ? byDefault : v.toString();
  }

  /** A structure, read as the record that a Mapping has for it. */
  <T> Optional<T> structure(String name, TypeReference<T> type) {
    Object v = take(name);
    if (v == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.convertValue(v, type));
    } catch (IllegalArgumentException e) {
      findings.invalid(field(name), field(name) + " cannot be read: " + complaint(e));
      return Optional.empty();
    }
  }

  /** Nested options; absent ones are empty. */
  Options nested(String name) {
    Object v = take(name);
    if (v instanceof Map<?, ?> map) {
      var copy = new java.util.LinkedHashMap<String, Object>();
      map.forEach((k, value) -> {
        if (value != null) {
          copy.put(String.valueOf(k), value);
        }
      });
      return new Options(field(name), copy, findings);
    }
    if (v != null) {
      findings.invalid(field(name), field(name) + " is not a map");
    }
    return new Options(field(name), Map.of(), findings);
  }

  /** Reports {@code name} if it is set, because it has no effect. */
  void notSupported(String name, String consequence) {
    if (has(name)) {
      findings.notSupported(field(name), consequence);
    }
  }

  /** Options that change nothing in Selvage, and need not be mentioned. */
  void ignore(String... names) {
    asked.addAll(List.of(names));
  }

  /** Reports every option nobody asked for. */
  void reportUnknown() {
    for (String name : values.keySet()) {
      if (!asked.contains(name)) {
        findings.warning(field(name), "UnknownField", field(name) + " is not a known option");
      }
    }
  }

  /** Jackson's complaint without its Java: an unknown field by name, anything else by path. */
  private static String complaint(IllegalArgumentException e) {
    return switch (e.getCause()) {
      case UnrecognizedPropertyException unknown ->
          "the field " + unknown.getPropertyName() + " is unknown";
      case JsonMappingException wrong when wrong.getPath().isEmpty() -> "it has the wrong type";
      case JsonMappingException wrong ->
          "the value of "
              + wrong.getPath().stream()
                  .map(step -> String.valueOf(step.getFieldName()))
                  .collect(Collectors.joining("."))
              + " has the wrong type";
      case null, default -> "it has the wrong type";
    };
  }
}
