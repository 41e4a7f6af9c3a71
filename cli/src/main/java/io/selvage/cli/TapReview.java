// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.controlplane.link.Caller;
import io.selvage.controlplane.link.TapPermission;
import io.selvage.kube.api.AccessReview;
import io.selvage.kube.api.AccessReview.Answer;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * In a cluster, whoever may {@code watch} {@code taps.selvage.io} in a namespace by the API
 * server's word may tap there. Where the call came from says nothing: a port that is forwarded ends
 * on loopback.
 */
final class TapReview implements TapPermission {
  static final String VERB = "watch";
  static final String GROUP = "selvage.io";
  static final String RESOURCE = "taps";

  private static final Logger LOG = LoggerFactory.getLogger(TapReview.class);

  private final AccessReview review;

  TapReview(AccessReview review) {
    this.review = review;
  }

  @Override
  public Optional<Refusal> check(Caller caller, Optional<String> namespace) {
    if (caller.token().isEmpty()) {
      return Optional.of(
          new Refusal(401, "taps of a cluster are opened with a bearer token of its API server"));
    }
    Answer answer = review.check(caller.token().get(), VERB, GROUP, RESOURCE, namespace.orElse(""));
    return switch (answer.verdict()) {
      case ALLOWED -> {
        LOG.atInfo()
            .addKeyValue("user", answer.user())
            .addKeyValue("namespace", namespace.orElse("(all)"))
            .log("a tap was permitted");
        yield Optional.empty();
      }
      case UNKNOWN -> Optional.of(new Refusal(401, answer.reason()));
      case FORBIDDEN -> Optional.of(new Refusal(403, answer.reason()));
      case UNAVAILABLE -> Optional.of(new Refusal(503, answer.reason()));
    };
  }
}
