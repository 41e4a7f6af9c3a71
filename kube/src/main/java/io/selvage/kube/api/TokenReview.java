// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static java.util.Objects.requireNonNull;

import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.selvage.kube.TokenVerifier;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Asks the API server whose a token is ({@code authentication.k8s.io/v1} TokenReview). Only our
 * audience is named, and an answer that does not repeat it is a refusal: an API server that knows
 * no audiences would otherwise accept every token made for itself.
 */
public final class TokenReview implements TokenVerifier {
  /** Longer ones are refused unasked; those of the API server have about 1 KiB. */
  static final int MAX_TOKEN_CHARS = 16 * 1024;

  private static final String POD_NAME = "authentication.kubernetes.io/pod-name";

  private final KubernetesClient client;
  private final String audience;

  /**
   * @param api its request timeout bounds each call
   * @param audience the only one accepted
   */
  public TokenReview(ApiServer api, String audience) {
    this.client = api.client();
    this.audience = requireNonNull(audience, "audience");
  }

  @Override
  public Result verify(String token) {
    if (!looksLikeOne(token)) {
      return new Refused("not a token");
    }
    TokenReviewStatus status;
    try {
      var review =
          new TokenReviewBuilder()
              .withNewSpec()
              .withToken(token)
              .withAudiences(audience)
              .endSpec()
              .build();
      status = client.tokenReviews().create(review).getStatus();
    } catch (KubernetesClientException e) {
      return new Unavailable("TokenReview: " + reason(e));
    }
    return status == null
        ? new Unavailable("TokenReview: the API server answered without a status")
        : judge(status);
  }

  /**
   * Whether this account may review tokens.
   *
   * @return what is missing, and how to mend it; empty if it may
   * @throws ApiCallException if the API server could not be asked
   */
  public Optional<String> missingPermission() {
    var review =
        new SelfSubjectAccessReviewBuilder()
            .withNewSpec()
            .withNewResourceAttributes()
            .withGroup("authentication.k8s.io")
            .withResource("tokenreviews")
            .withVerb("create")
            .endResourceAttributes()
            .endSpec()
            .build();
    try {
      var status = client.authorization().v1().selfSubjectAccessReview().create(review).getStatus();
      if (status != null && Boolean.TRUE.equals(status.getAllowed())) {
        return Optional.empty();
      }
    } catch (KubernetesClientException e) {
      throw ApiCallException.of("SelfSubjectAccessReview", e);
    }
    return Optional.of(
        "this account may not create tokenreviews.authentication.k8s.io, so no workload can be"
            + " identified: bind it to the ClusterRole system:auth-delegator");
  }

  private Result judge(TokenReviewStatus status) {
    String error = status.getError() == null ? "" : oneLine(status.getError());
    if (!Boolean.TRUE.equals(status.getAuthenticated())) {
      return new Refused(error.isEmpty() ? "the API server does not know the token" : error);
    }
    List<String> audiences = status.getAudiences();
    if (audiences == null || !audiences.contains(audience)) {
      return new Refused("the token is not for the audience " + audience);
    }
    UserInfo user = status.getUser();
    if (user == null || user.getUsername() == null || user.getUsername().isEmpty()) {
      return new Refused("the token belongs to nobody");
    }
    String uid = user.getUid() == null ? "" : user.getUid();
    return new Verified(user.getUsername(), uid, podName(user), List.of(audience));
  }

  private static String podName(UserInfo user) {
    Map<String, List<String>> extra = user.getExtra();
    List<String> names = extra == null ? null : extra.get(POD_NAME);
    return names == null || names.isEmpty() ? "" : names.getFirst();
  }

  /** Three parts of base64url with dots between (RFC 7515, section 3.1). */
  private static boolean looksLikeOne(String token) {
    return !token.isEmpty()
        && token.length() <= MAX_TOKEN_CHARS
        && token
            .chars()
            .allMatch(c ->
                c >= 'a' && c <= 'z'
                    || c >= 'A' && c <= 'Z'
                    || c >= '0' && c <= '9'
                    || c == '-'
                    || c == '_'
                    || c == '.'
                    || c == '=');
  }

  private static String reason(KubernetesClientException e) {
    return e.getCode() == HttpURLConnection.HTTP_FORBIDDEN
        ? "forbidden: this account may not create tokenreviews.authentication.k8s.io"
        : ApiCallException.reason(e);
  }

  /** An API server's error may quote anything; a token has no blanks, so a long word is cut. */
  private static String oneLine(String text) {
    String line = text.replaceAll("[^\\x20-\\x7e]+", " ").replaceAll("\\S{200,}", "...").strip();
    return line.length() > 300 ? line.substring(0, 300) + "..." : line;
  }
}
