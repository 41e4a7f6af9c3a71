// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/**
 * A port number or a port name (Kubernetes' {@code IntOrString}).
 *
 * @param number the number, 0 when a name was given
 * @param name the name, empty when a number was given
 */
public record IntOrString(int number, String name) {
  public static IntOrString of(int number) {
    return new IntOrString(number, "");
  }

  /** As JSON and YAML readers hand numbers over, which are long before they are anything else. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static IntOrString ofNumber(long number) {
    return new IntOrString(Math.toIntExact(number), "");
  }

  /** A text of digits only is a number, as the API server reads it. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static IntOrString of(String text) {
    if (!text.isEmpty() && text.length() <= 5 && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return new IntOrString(Integer.parseInt(text), "");
    }
    return new IntOrString(0, text);
  }

  public boolean isName() {
    return !name.isEmpty();
  }

  @JsonValue
  Object json() {
    return isName() ? name : number;
  }

  @Override
  public String toString() {
    return isName() ? name : Integer.toString(number);
  }
}
