// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/**
 * A field that v2 manifests write as a boolean or as a text. In {@code headers} and {@code
 * query_parameters} the boolean true means "present with any value"; in {@code tls} it means
 * "originate TLS without a TLSContext".
 *
 * @param isBool whether a boolean was written
 * @param text the text, or {@code true} and {@code false}
 */
public record BoolOrString(boolean isBool, String text) {
  public BoolOrString {
    requireNonNull(text, "text");
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static BoolOrString of(boolean value) {
    return new BoolOrString(true, Boolean.toString(value));
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static BoolOrString of(String text) {
    return new BoolOrString(false, text);
  }

  /** A number is read as its digits: {@code x-version: 2}. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static BoolOrString of(long number) {
    return new BoolOrString(false, Long.toString(number));
  }

  /** As {@link #of(long)}, for {@code x-version: 1.5}. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static BoolOrString of(double number) {
    return new BoolOrString(false, Double.toString(number));
  }

  /** Written as the boolean true. */
  public boolean isTrue() {
    return isBool && text.equals("true");
  }

  /** Written as the boolean false. */
  public boolean isFalse() {
    return isBool && text.equals("false");
  }

  @JsonValue
  Object json() {
    return isBool ? (Object) isTrue() : text;
  }
}
