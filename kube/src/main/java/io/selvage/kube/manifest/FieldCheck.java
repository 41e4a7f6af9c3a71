// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectMeta;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Finds fields that no record knows and Kubernetes does not either: most often a slip of the pen
 * that would otherwise be ignored in silence.
 */
public final class FieldCheck {
  private static final JsonMapper MAPPER = RecordReader.mapper();

  /** Fields by record, empty for a record whose shape cannot be told from its fields. */
  private static final Map<Class<?>, Map<String, JavaType>> KNOWN = new ConcurrentHashMap<>();

  private FieldCheck() {}

  /** Paths of the unknown fields of an object, in the order written. */
  public static List<String> unknownFields(Kind<?> kind, JsonNode object) {
    var unknown = new ArrayList<String>();
    var type = MAPPER.constructType(kind.type());
    new Walk(LegalFields.of(kind), unknown).record(type, object, "", "");
    return unknown;
  }

  /** True for a record that free-form or scalar JSON is turned into by a method of its own. */
  static boolean isOpaque(Class<?> type) {
    var ignore = type.getAnnotation(JsonIgnoreProperties.class);
    if (ignore != null && ignore.ignoreUnknown() && type != ObjectMeta.class) {
      return true;
    }
    for (Method method : type.getDeclaredMethods()) {
      if (method.isAnnotationPresent(JsonCreator.class)) {
        return true;
      }
    }
    return false;
  }

  private static Map<String, JavaType> known(JavaType type) {
    return KNOWN.computeIfAbsent(
        type.getRawClass(),
        raw -> {
          var fields = new HashMap<String, JavaType>();
          var bean = MAPPER.getDeserializationConfig().introspect(type);
          bean.findProperties().forEach(p -> fields.put(p.getName(), p.getPrimaryType()));
          return Map.copyOf(fields);
        });
  }

  /**
   * One walk over an object.
   *
   * @param legal paths Kubernetes knows and Selvage does not read
   * @param unknown where finds go
   */
  private record Walk(LegalFields legal, List<String> unknown) {
    /**
     * @param path where the value stands, with indices, for people
     * @param shape the same with {@code []} for every index, for {@link LegalFields}
     */
    void value(JavaType type, JsonNode value, String path, String shape) {
      if (type.isCollectionLikeType() && value.isArray()) {
        for (int i = 0; i < value.size(); i++) {
          value(type.getContentType(), value.get(i), path + "[" + i + "]", shape + "[]");
        }
      } else if (type.isMapLikeType() && value.isObject()) {
        value
            .properties()
            .forEach(e ->
                value(type.getContentType(), e.getValue(), path + "." + e.getKey(), shape + ".*"));
      } else if (type.getRawClass().isRecord() && value.isObject()) {
        record(type, value, path, shape);
      }
    }

    void record(JavaType type, JsonNode value, String path, String shape) {
      if (isOpaque(type.getRawClass())) {
        return;
      }
      Map<String, JavaType> fields = known(type);
      value
          .properties()
          .forEach(e -> {
            String dot = path.isEmpty() ? "" : ".";
            String at = path + dot + e.getKey();
            JavaType field = fields.get(e.getKey());
            if (field != null) {
              value(field, e.getValue(), at, shape + dot + e.getKey());
            } else if (!legal.contains(shape + dot + e.getKey())) {
              unknown.add(at);
            }
          });
    }
  }
}
