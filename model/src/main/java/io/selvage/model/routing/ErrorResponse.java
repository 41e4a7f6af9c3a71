// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import java.util.List;

/**
 * Replaces the body of an error response (Emissary {@code error_response_overrides}).
 *
 * @param onStatus 400..599
 * @param contentType of the new body
 * @param body pieces of text; variables are escaped for JSON where {@code jsonEscaped}
 * @param jsonEscaped whether the body is JSON
 */
public record ErrorResponse(
    int onStatus, String contentType, List<HeaderEdits.ValuePart> body, boolean jsonEscaped) {
  public ErrorResponse {
    body = List.copyOf(body);
  }
}
