// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.api;

import io.selvage.controlplane.observation.workload.Printable;
import io.vertx.core.MultiMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The query of a request, checked: nothing unknown, nothing twice that can only be said once. */
final class QueryParams {
  /** No value that is meant is longer. */
  static final int MAX_VALUE = 4_096;

  private final MultiMap params;

  /**
   * @throws IllegalArgumentException with a text for the client
   */
  QueryParams(MultiMap params, Set<String> known) {
    this.params = params;
    for (String name : params.names()) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            "unknown parameter "
                + Printable.text(name)
                + ": known are "
                + String.join(", ", new TreeSet<>(known)));
      }
      for (String value : params.getAll(name)) {
        if (value.length() > MAX_VALUE) {
          throw new IllegalArgumentException(name + " is longer than " + MAX_VALUE);
        }
      }
    }
  }

  /** All values of a parameter that may be repeated. */
  List<String> all(String name) {
    return params.getAll(name);
  }

  /** A value; empty if there is none, or only the empty text. */
  Optional<String> one(String name) {
    List<String> values = params.getAll(name);
    if (values.size() > 1) {
      throw new IllegalArgumentException(name + " is given " + values.size() + " times");
    }
    return values.stream().filter(value -> !value.isEmpty()).findFirst();
  }

  String required(String name) {
    return one(name).orElseThrow(() -> new IllegalArgumentException(name + " is missing"));
  }

  boolean flag(String name) {
    return switch (one(name).orElse("false")) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException(name + " is neither true nor false");
    };
  }

  int number(String name, int otherwise) {
    Optional<String> text = one(name);
    if (text.isEmpty()) {
      return otherwise;
    }
    try {
      return Integer.parseInt(text.get());
    } catch (NumberFormatException _) {
      throw new IllegalArgumentException(
          name + " is not a number: \"" + Printable.text(text.get()) + "\"");
    }
  }
}
