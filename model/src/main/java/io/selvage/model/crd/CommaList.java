// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.selvage.model.kube.Lists;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A list of texts that may also be written as one text with commas ({@code cors.origins} of v2,
 * {@code alpn_protocols}). Blank elements are dropped.
 */
public record CommaList(@JsonValue List<String> values) {
  public static final CommaList EMPTY = new CommaList(List.of());

  public CommaList {
    values = values.stream().map(String::strip).filter(v -> !v.isEmpty()).toList();
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static CommaList of(String text) {
    return new CommaList(Arrays.asList(text.split(",", -1)));
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static CommaList ofList(List<String> values) {
    return new CommaList(Lists.copy(values));
  }

  /** The list, or the empty one for null. */
  static CommaList orEmpty(@Nullable CommaList list) {
    return list == null ? EMPTY : list;
  }
}
