// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.controlplane.identity.RotationState.Prune;
import io.selvage.controlplane.link.Caller;
import io.selvage.controlplane.link.Refusal;
import io.selvage.controlplane.link.RotatePermission;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /api/v1/identity} and {@code POST /api/v1/identity/rotate}. The latter changes
 * something: it is taken from those only who may, and never from a web page.
 */
final class IdentityApi {
  static final String PATH = "/api/v1/identity";
  static final String ROTATE = PATH + "/rotate";

  private static final int MAX_BODY = 4096;
  private static final long MAX_TIMEOUT_SECONDS = Duration.ofDays(30).toSeconds();
  private static final ObjectMapper JSON = new ObjectMapper();

  private final IdentityService identity;
  private final RotatePermission permission;

  IdentityApi(IdentityService identity, RotatePermission permission) {
    this.identity = identity;
    this.permission = permission;
  }

  void mount(Router router) {
    router
        .get(PATH)
        .handler(context ->
            context
                .vertx()
                .executeBlocking(this::view, false)
                .onSuccess(text -> answer(context, 200, text))
                .onFailure(context::fail));
    // Routes of their own: on one route Vert.x takes no body handler after any other.
    router.post(ROTATE).handler(this::guard);
    router.post(ROTATE).handler(BodyHandler.create(false).setBodyLimit(MAX_BODY));
    router.post(ROTATE).handler(this::rotate);
    router
        .post(ROTATE)
        .failureHandler(context -> {
          // The body is too large, or a fault of ours.
          int status = context.statusCode() < 400 ? 500 : context.statusCode();
          refuse(context, status, status == 413 ? "the body is too large" : "failed");
        });
  }

  private String view() throws JsonProcessingException {
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(IdentityView.of(identity))
        + "\n";
  }

  private void guard(RoutingContext context) {
    if (context.request().headers().contains("origin")) {
      // A browser beside the port would carry any web site's POST here.
      refuse(context, 403, "actions are not taken from web pages");
    } else {
      context.next();
    }
  }

  private void rotate(RoutingContext context) {
    String body = context.body().asString();
    Caller caller = Caller.of(context.request());
    context
        .vertx()
        .executeBlocking(() -> act(caller, body == null ? "" : body), false)
        .onSuccess(answer -> answer(context, answer.status(), answer.text()))
        .onFailure(context::fail);
  }

  private record Answer(int status, String text) {}

  private Answer act(Caller caller, String body) throws JsonProcessingException {
    Optional<Refusal> refusal = permission.check(caller);
    if (refusal.isPresent()) {
      return new Answer(refusal.get().status(), error(refusal.get().message()));
    }
    IdentityService.RotationStep step;
    try {
      step = parse(body);
    } catch (IllegalArgumentException e) {
      return new Answer(400, error(e.getMessage()));
    }
    try {
      identity.rotate(step);
      return new Answer(202, view());
    } catch (Rotation.RefusedException e) {
      return new Answer(409, error(e.getMessage()));
    }
  }

  /**
   * @throws IllegalArgumentException saying what is not understood
   */
  private static IdentityService.RotationStep parse(String body) {
    JsonNode node;
    try {
      node = body.isBlank() ? JSON.createObjectNode() : JSON.readTree(body);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the body is not JSON", e);
    }
    if (!node.isObject()) {
      throw new IllegalArgumentException("the body is not a JSON object");
    }
    String action = node.path("action").asText("start");
    return switch (action) {
      case "proceed" -> Rotation::proceed;
      case "abort" -> Rotation::abort;
      case "start" -> {
        Prune prune =
            Prune.parse(node.path("prune").asText(Prune.AFTER_LEAF_LIFETIME.label()))
                .orElseThrow(() ->
                    new IllegalArgumentException("prune is neither now nor after-leaf-lifetime"));
        long seconds = node.path("timeoutSeconds").asLong(300);
        if (seconds < 1 || seconds > MAX_TIMEOUT_SECONDS) {
          throw new IllegalArgumentException(
              "timeoutSeconds is not between 1 and " + MAX_TIMEOUT_SECONDS);
        }
        yield (rotation, now) -> rotation.start(prune, Duration.ofSeconds(seconds), now);
      }
      default -> throw new IllegalArgumentException("action is none of start, proceed, abort");
    };
  }

  private static void refuse(RoutingContext context, int status, String message) {
    answer(context, status, error(message));
  }

  private static String error(@Nullable String message) {
    return JSON.createObjectNode().put("error", message).toString() + "\n";
  }

  private static void answer(RoutingContext context, int status, String json) {
    if (status == 401) {
      context.response().putHeader("www-authenticate", "Bearer");
    }
    context
        .response()
        .setStatusCode(status)
        .putHeader("content-type", "application/json")
        .putHeader("cache-control", "no-store")
        .end(json);
  }
}
