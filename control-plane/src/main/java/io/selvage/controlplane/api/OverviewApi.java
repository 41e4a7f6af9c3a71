// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.controlplane.link.ApiRoutes;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import java.util.function.Supplier;

/** {@code GET /api/v1/overview}: an {@link Overview} as JSON. */
public final class OverviewApi implements ApiRoutes {
  private final Supplier<Overview> overview;
  private final ObjectMapper json = new ObjectMapper();

  /**
   * @param overview makes one, on a worker thread
   */
  public OverviewApi(Supplier<Overview> overview) {
    this.overview = overview;
  }

  @Override
  public void mount(Router router) {
    router
        .get("/api/v1/overview")
        .handler(call ->
            call.vertx()
                .executeBlocking(this::text, false)
                .onSuccess(text ->
                    call.response()
                        .putHeader("content-type", "application/json")
                        .putHeader("cache-control", "no-store")
                        .putHeader("x-content-type-options", "nosniff")
                        .end(text))
                .onFailure(call::fail));
  }

  private Buffer text() throws JsonProcessingException {
    return Buffer.buffer(json.writeValueAsBytes(overview.get()));
  }
}
