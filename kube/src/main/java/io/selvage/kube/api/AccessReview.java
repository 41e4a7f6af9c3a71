// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static java.util.Objects.requireNonNull;

import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Map;

/**
 * Asks the API server whether the bearer of a token may do something: whose the token is ({@code
 * authentication.k8s.io/v1} TokenReview), and then what they may ({@code authorization.k8s.io/v1}
 * SubjectAccessReview). The token is one for the API server itself. Blocks.
 */
public final class AccessReview {
  private static final int MAX_TOKEN_CHARS = 16 * 1024;

  private final KubernetesClient client;

  /**
   * @param api its request timeout bounds each call
   */
  public AccessReview(ApiServer api) {
    this.client = api.client();
  }

  /** What the API server says. */
  public enum Verdict {
    ALLOWED,
    /** It does not know the token. */
    UNKNOWN,
    /** It knows whose it is, and they may not. */
    FORBIDDEN,
    /** It could not be asked. */
    UNAVAILABLE
  }

  /**
   * A verdict.
   *
   * @param user name; empty if unknown
   * @param reason for people; empty if allowed
   */
  public record Answer(Verdict verdict, String user, String reason) {
    public Answer {
      requireNonNull(verdict, "verdict");
      requireNonNull(user, "user");
      requireNonNull(reason, "reason");
    }
  }

  /**
   * Whether a token's bearer may do something to all objects of a kind.
   *
   * @param token never logged
   * @param namespace empty for all
   */
  public Answer check(String token, String verb, String group, String resource, String namespace) {
    if (token.isEmpty() || token.length() > MAX_TOKEN_CHARS) {
      return new Answer(Verdict.UNKNOWN, "", "not a token");
    }
    try {
      var tokens =
          client
              .tokenReviews()
              .create(new TokenReviewBuilder().withNewSpec().withToken(token).endSpec().build())
              .getStatus();
      UserInfo user = tokens == null ? null : tokens.getUser();
      if (tokens == null
          || !Boolean.TRUE.equals(tokens.getAuthenticated())
          || user == null
          || user.getUsername() == null
          || user.getUsername().isEmpty()) {
        return new Answer(Verdict.UNKNOWN, "", "the API server does not know the token");
      }
      return check(user, verb, group, resource, namespace);
    } catch (KubernetesClientException e) {
      return new Answer(
          Verdict.UNAVAILABLE,
          "",
          "the API server cannot be asked who may: " + ApiCallException.reason(e));
    }
  }

  private Answer check(
      UserInfo user, String verb, String group, String resource, String namespace) {
    Map<String, List<String>> extra = user.getExtra() == null ? Map.of() : user.getExtra();
    List<String> groups = user.getGroups() == null ? List.of() : user.getGroups();
    var status =
        client
            .authorization()
            .v1()
            .subjectAccessReview()
            .create(
                new SubjectAccessReviewBuilder()
                    .withNewSpec()
                    .withUser(user.getUsername())
                    .withUid(user.getUid())
                    .withGroups(groups)
                    .withExtra(extra)
                    .withNewResourceAttributes()
                    .withVerb(verb)
                    .withGroup(group)
                    .withResource(resource)
                    .withNamespace(namespace.isEmpty() ? null : namespace)
                    .endResourceAttributes()
                    .endSpec()
                    .build())
            .getStatus();
    if (status != null
        && Boolean.TRUE.equals(status.getAllowed())
        && !Boolean.TRUE.equals(status.getDenied())) {
      return new Answer(Verdict.ALLOWED, user.getUsername(), "");
    }
    return new Answer(
        Verdict.FORBIDDEN,
        user.getUsername(),
        user.getUsername()
            + " may not "
            + verb
            + " "
            + resource
            + "."
            + group
            + (namespace.isEmpty() ? " in all namespaces" : " in the namespace " + namespace));
  }
}
