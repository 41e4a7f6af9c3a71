// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * A value of {@code add_request_headers} and {@code add_response_headers}: {@code {value, append}},
 * or a bare scalar as v1 and v2 manifests write it, which appends.
 *
 * @param append false replaces what is there; true when absent
 * @param v2Representation left by Emissary's own conversion, without meaning here
 */
public record AddedHeader(String value, boolean append, @Nullable String v2Representation) {
  @JsonCreator(mode = JsonCreator.Mode.PROPERTIES)
  public AddedHeader(
      @JsonProperty("value") @Nullable String value,
      @JsonProperty("append") @Nullable Boolean append,
      @JsonProperty("v2Representation") @Nullable String v2Representation) {
    this(value == null ? "" : value, append == null || append, v2Representation);
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static AddedHeader of(String value) {
    return new AddedHeader(value, true, null);
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static AddedHeader of(boolean value) {
    return of(Boolean.toString(value));
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static AddedHeader of(long value) {
    return of(Long.toString(value));
  }
}
