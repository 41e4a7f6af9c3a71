// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.golden;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.Settings;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Records as YAML, for eyes and for diffs: components in their order, empty ones left out, a sealed
 * interface's record preceded by its type, ignored components (keys) never shown.
 */
final class RecordText {
  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
          .disable(YAMLGenerator.Feature.SPLIT_LINES)
          .build();

  /** Values that say nothing a reader looks for. */
  private static final Set<Record> DEFAULTS =
      Set.of(
          Settings.defaults(),
          ClusterSpec.Breakers.DEFAULT,
          ClusterSpec.FailureAccrualSpec.DEFAULT);

  private RecordText() {}

  static String of(Object value) {
    try {
      Object tree = tree(value);
      return tree == null ? "" : YAML.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable Object tree(@Nullable Object value) {
    return switch (value) {
      case null -> null;
      case Optional<?> o -> o.map(RecordText::tree).orElse(null);
      case ObjectRef ref -> ref.toString();
      case HostPattern pattern -> pattern.toString();
      case Collection<?> c -> list(c);
      case Map<?, ?> m -> map(m);
      case Record r when DEFAULTS.contains(r) -> "default";
      case Record r -> record(r);
      case Number n -> n;
      case Boolean b -> b;
      default -> value.toString();
    };
  }

  private static @Nullable List<@Nullable Object> list(Collection<?> values) {
    var out = new ArrayList<@Nullable Object>();
    values.forEach(v -> out.add(tree(v)));
    return out.isEmpty() ? null : out;
  }

  private static @Nullable Map<String, @Nullable Object> map(Map<?, ?> values) {
    var out = new LinkedHashMap<String, @Nullable Object>();
    values.forEach((k, v) -> out.put(k.toString(), tree(v)));
    return out.isEmpty() ? null : out;
  }

  private static @Nullable Map<String, @Nullable Object> record(Record record) {
    var out = new LinkedHashMap<String, @Nullable Object>();
    for (Class<?> face : record.getClass().getInterfaces()) {
      if (face.isAnnotationPresent(JsonTypeInfo.class)) {
        out.put("type", record.getClass().getSimpleName());
      }
    }
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      if (component.getAccessor().isAnnotationPresent(JsonIgnore.class)) {
        continue;
      }
      try {
        component.getAccessor().setAccessible(true);
        Object value = tree(component.getAccessor().invoke(record));
        if (value != null && !value.equals("")) {
          out.put(component.getName(), value);
        }
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return out.isEmpty() ? null : out;
  }
}
