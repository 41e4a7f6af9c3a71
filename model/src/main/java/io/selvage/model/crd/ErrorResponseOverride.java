// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.kube.Lists;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An element of {@code error_response_overrides}.
 *
 * @param onStatusCode 400..599
 */
public record ErrorResponseOverride(
    @JsonProperty("on_status_code") @Nullable Integer onStatusCode,
    @JsonProperty("body") @Nullable Body body) {

  /**
   * {@code body}: exactly one of the three formats.
   *
   * @param contentType {@code text/plain} when absent; a JSON format is always application/json
   * @param textFormat text with {@code %OPERATORS%}
   * @param jsonFormat JSON object whose values are texts with operators
   * @param textFormatSource a file in Emissary's container
   */
  public record Body(
      @Nullable String contentType,
      @Nullable String textFormat,
      Map<String, String> jsonFormat,
      @Nullable Source textFormatSource) {
    public Body(
        @JsonProperty("content_type") @Nullable String contentType,
        @JsonProperty("text_format") @Nullable String textFormat,
        @JsonProperty("json_format") @Nullable Map<String, String> jsonFormat,
        @JsonProperty("text_format_source") @Nullable Source textFormatSource) {
      this.contentType = contentType;
      this.textFormat = textFormat;
      this.jsonFormat = Lists.copy(jsonFormat);
      this.textFormatSource = textFormatSource;
    }
  }

  /** {@code body.text_format_source}. */
  public record Source(@JsonProperty("filename") @Nullable String filename) {}

  /** The list without null elements, empty for null. */
  static List<ErrorResponseOverride> copy(@Nullable List<ErrorResponseOverride> list) {
    return Lists.copy(list);
  }
}
