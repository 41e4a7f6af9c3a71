// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.link.Caller;
import io.selvage.controlplane.link.Refusal;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.TapPermission;
import io.selvage.kube.api.AccessReview;
import io.selvage.kube.api.AccessReview.Answer;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What callers may in a cluster, by the API server's word: whoever may {@code watch} {@code
 * taps.selvage.io} in a namespace may tap there, and whoever may {@code create} {@code
 * rotations.selvage.io} may act on the rotation of the root. Where a call came from says nothing: a
 * port that is forwarded ends on loopback.
 */
final class ReviewedRights {
  private static final String GROUP = "selvage.io";

  private static final Logger LOG = LoggerFactory.getLogger(ReviewedRights.class);

  private final AccessReview review;

  ReviewedRights(AccessReview review) {
    this.review = requireNonNull(review, "review");
  }

  /** Who may look at single exchanges. */
  TapPermission taps() {
    return (caller, namespace) ->
        check(
            caller,
            "watch",
            "taps",
            namespace,
            "taps of a cluster are opened with a bearer token of its API server");
  }

  /** Who may act on the rotation. */
  RotatePermission rotations() {
    return caller ->
        check(
            caller,
            "create",
            "rotations",
            Optional.empty(),
            "the root of a cluster's mesh is rotated with a bearer token of its API server");
  }

  private Optional<Refusal> check(
      Caller caller, String verb, String resource, Optional<String> namespace, String how) {
    if (caller.token().isEmpty()) {
      return Optional.of(new Refusal(401, how));
    }
    Answer answer = review.check(caller.token().get(), verb, GROUP, resource, namespace.orElse(""));
    return switch (answer.verdict()) {
      case ALLOWED -> {
        LOG.atInfo()
            .addKeyValue("user", answer.user())
            .addKeyValue("resource", resource)
            .addKeyValue("namespace", namespace.orElse("(all)"))
            .log("a call was permitted");
        yield Optional.empty();
      }
      case UNKNOWN -> Optional.of(new Refusal(401, answer.reason()));
      case FORBIDDEN -> Optional.of(new Refusal(403, answer.reason()));
      case UNAVAILABLE -> Optional.of(new Refusal(503, answer.reason()));
    };
  }
}
