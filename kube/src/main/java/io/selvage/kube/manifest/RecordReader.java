// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectMeta;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * JSON values to the records of the model, as strict about types as the API server is: text is not
 * a number, a number is not text. Unknown fields pass; {@link FieldCheck} names them.
 */
public final class RecordReader {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .withCoercionConfig(
              LogicalType.Textual,
              text ->
                  text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
          .addMixIn(ObjectMeta.class, StrictMeta.class)
          .build();
  private static final Map<Class<?>, ObjectReader> READERS = new ConcurrentHashMap<>();

  private RecordReader() {}

  /** So that introspection, and with it the field check, sees unknown fields of metadata too. */
  @JsonIgnoreProperties(ignoreUnknown = false)
  private interface StrictMeta {}

  static JsonMapper mapper() {
    return MAPPER;
  }

  /**
   * Reads an object of a kind.
   *
   * @throws UnreadableException if a field has the wrong type or an impossible value
   */
  public static <T extends KubeObject> T read(Kind<T> kind, JsonNode object)
      throws UnreadableException {
    ObjectReader reader = READERS.computeIfAbsent(kind.type(), MAPPER::readerFor);
    try {
      return kind.type().cast(reader.readValue(object));
    } catch (JsonMappingException e) {
      throw describe(e);
    } catch (JsonProcessingException e) {
      throw new UnreadableException("", "InvalidValue", firstLine(e.getOriginalMessage()));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e); // a tree in memory does not fail to be read
    }
  }

  /** An object that does not fit its record. */
  public static final class UnreadableException extends Exception {
    private final String field;
    private final String reason;

    UnreadableException(String field, String reason, String message) {
      super(message);
      this.field = field;
      this.reason = reason;
    }

    /** Path of the field, such as {@code spec.rules[0].http}. */
    public String field() {
      return field;
    }

    /** {@code WrongType} or {@code InvalidValue}. */
    public String reason() {
      return reason;
    }

    /** What is wrong, without the value itself, which may be secret. */
    public String text() {
      return String.valueOf(getMessage());
    }
  }

  private static UnreadableException describe(JsonMappingException e) {
    String field = path(e);
    return switch (e) {
      case ValueInstantiationException invalid ->
          new UnreadableException(field, "InvalidValue", cause(invalid));
      case MismatchedInputException mismatch ->
          new UnreadableException(field, "WrongType", "expected " + word(mismatch.getTargetType()));
      default -> new UnreadableException(field, "InvalidValue", cause(e));
    };
  }

  /** A record's own complaint is written for people; Jackson's surroundings are not. */
  private static String cause(JsonMappingException e) {
    Throwable cause = e.getCause();
    return firstLine(cause == null ? e.getOriginalMessage() : cause.getMessage());
  }

  private static String firstLine(@Nullable String text) {
    return text == null ? "not a valid value" : text.lines().findFirst().orElse("");
  }

  private static String path(JsonMappingException e) {
    var path = new StringBuilder();
    for (JsonMappingException.Reference step : e.getPath()) {
      if (step.getFieldName() == null) {
        path.append('[').append(step.getIndex()).append(']');
      } else {
        path.append(path.isEmpty() ? "" : ".").append(step.getFieldName());
      }
    }
    return path.toString();
  }

  private static String word(@Nullable Class<?> type) {
    if (type == null) {
      return "something else";
    }
    if (type == String.class) {
      return "text";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    }
    if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
      return "a whole number";
    }
    if (type == double.class || type == Double.class) {
      return "a number";
    }
    if (Collection.class.isAssignableFrom(type)) {
      return "a list";
    }
    return Map.class.isAssignableFrom(type) || type.isRecord() && !isScalar(type)
        ? "a mapping"
        : "another type";
  }

  /** Records that stand for a scalar are read through a delegating creator. */
  private static boolean isScalar(Class<?> type) {
    return FieldCheck.isOpaque(type);
  }
}
