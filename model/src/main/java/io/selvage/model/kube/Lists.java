// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Defensive copies for record constructors: absent collections are empty, null elements are
 * dropped.
 */
public final class Lists {
  private Lists() {}

  /** An unmodifiable copy without null elements; empty for null. */
  public static <T> List<T> copy(@Nullable List<T> list) {
    if (list == null || list.isEmpty()) {
      return List.of();
    }
    var out = new ArrayList<T>(list.size());
    for (T t : list) {
      if (t != null) {
        out.add(t);
      }
    }
    return Collections.unmodifiableList(out);
  }

  /** An unmodifiable copy in the same order without null values; empty for null. */
  public static <K, V> Map<K, V> copy(@Nullable Map<K, V> map) {
    if (map == null || map.isEmpty()) {
      return Map.of();
    }
    var out = new LinkedHashMap<K, V>();
    map.forEach((k, v) -> {
      if (v != null) {
        out.put(k, v);
      }
    });
    return Collections.unmodifiableMap(out);
  }
}
