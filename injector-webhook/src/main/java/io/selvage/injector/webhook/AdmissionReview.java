// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.webhook;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * A review of {@code admission.k8s.io/v1}, as far as it is read, and the answers to one.
 *
 * @param uid to be repeated in the answer
 * @param kind of the object, such as {@code Pod}; with its group in front for all but the core
 *     group
 * @param subResource empty for the object itself
 * @param operation CREATE, UPDATE, DELETE or CONNECT
 * @param namespace of the object; empty if it has none
 * @param dryRun whether nothing may be changed elsewhere
 * @param object what is to be created; missing for a deletion
 */
record AdmissionReview(
    String uid,
    String kind,
    String subResource,
    String operation,
    String namespace,
    boolean dryRun,
    JsonNode object) {
  static final String API_VERSION = "admission.k8s.io/v1";
  static final String KIND = "AdmissionReview";

  /** Levels of nesting: the review's own two and the object's, which needs about twenty. */
  static final int MAX_DEPTH = 64;

  /** The API server shows at most 256 characters of a warning. */
  private static final int MAX_WARNING = 256;

  private static final int MAX_UID = 128;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * Reads a request's body.
   *
   * @throws BadReviewException saying what is wrong with it
   */
  static AdmissionReview parse(byte[] body) throws BadReviewException {
    JsonNode review = json(body);
    String version = review.path("apiVersion").asText("");
    if (!version.equals(API_VERSION) || !review.path("kind").asText("").equals(KIND)) {
      throw new BadReviewException("expected an " + KIND + " of " + API_VERSION);
    }
    JsonNode request = review.path("request");
    JsonNode kind = request.path("kind");
    String uid = request.path("uid").asText("");
    if (!request.isObject() || !kind.isObject()) {
      throw new BadReviewException("the review holds no request");
    }
    if (!request.path("uid").isTextual() || uid.isEmpty() || uid.length() > MAX_UID) {
      throw new BadReviewException("request.uid is not a text of 1.." + MAX_UID + " characters");
    }
    String group = text(kind, "group");
    return new AdmissionReview(
        uid,
        (group.isEmpty() ? "" : group + "/") + text(kind, "kind"),
        text(request, "subResource"),
        text(request, "operation"),
        text(request, "namespace"),
        request.path("dryRun").asBoolean(false),
        request.path("object"));
  }

  /** True for what this webhook is about: a pod that is being created. */
  boolean isNewPod() {
    return kind.equals("Pod") && subResource.isEmpty() && operation.equals("CREATE");
  }

  /** Lets the object through as it is. */
  byte[] allowed(List<String> warnings) {
    return bytes(response(true, warnings));
  }

  /** Lets the object through with a patch. */
  byte[] patched(ArrayNode patch, List<String> warnings) {
    ObjectNode response = response(true, warnings);
    response.put("patchType", "JSONPatch");
    byte[] text = patch.toString().getBytes(StandardCharsets.UTF_8);
    response.put("patch", Base64.getEncoder().encodeToString(text));
    return bytes(response);
  }

  /** Keeps the object out. */
  byte[] denied(String message) {
    ObjectNode response = response(false, List.of());
    response
        .putObject("status")
        .put("code", 400)
        .put("reason", "BadRequest")
        .put("message", message);
    return bytes(response);
  }

  private ObjectNode response(boolean allowed, List<String> warnings) {
    ObjectNode response = JsonNodeFactory.instance.objectNode();
    response.put("uid", uid).put("allowed", allowed);
    if (!warnings.isEmpty()) {
      ArrayNode texts = response.putArray("warnings");
      warnings.stream()
          .map(w -> w.length() > MAX_WARNING ? w.substring(0, MAX_WARNING - 3) + "..." : w)
          .forEach(texts::add);
    }
    return response;
  }

  private static byte[] bytes(ObjectNode response) {
    ObjectNode review = JsonNodeFactory.instance.objectNode();
    review.put("apiVersion", API_VERSION).put("kind", KIND).set("response", response);
    return review.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String text(JsonNode parent, String field) throws BadReviewException {
    JsonNode node = parent.path(field);
    if (node.isMissingNode() || node.isNull()) {
      return "";
    }
    if (!node.isTextual()) {
      throw new BadReviewException("request: " + field + " is not text");
    }
    return node.textValue();
  }

  private static JsonNode json(byte[] body) throws BadReviewException {
    try {
      JsonNode node = MAPPER.readTree(body);
      if (node == null || !node.isObject()) {
        throw new BadReviewException("the body is no JSON object");
      }
      return node;
    } catch (JsonProcessingException e) {
      String first = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
      String safe = first.replaceAll("[^\\x20-\\x7e]", "?");
      throw new BadReviewException(
          "the body cannot be read: " + (safe.length() > 200 ? safe.substring(0, 200) : safe));
    } catch (IOException e) {
      throw new BadReviewException("the body cannot be read");
    }
  }
}
