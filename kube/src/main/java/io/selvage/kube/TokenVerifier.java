// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * Says whose a ServiceAccount token is. Implementations accept tokens made for our audience only
 * and never fall back to another; they block, so event loops must not call them.
 */
@FunctionalInterface
public interface TokenVerifier {
  /**
   * Checks a token.
   *
   * @param token as sent by the workload; never logged
   */
  Result verify(String token);

  /** What became of it. */
  sealed interface Result {}

  /**
   * The token is genuine, alive and made for us.
   *
   * @param username such as {@code system:serviceaccount:NAMESPACE:NAME}; its form is for the
   *     caller to check
   * @param uid of the ServiceAccount
   * @param pod the pod the token is bound to; empty if it is bound to none
   * @param audiences those of the token that were asked for: ours
   */
  record Verified(String username, String uid, String pod, List<String> audiences)
      implements Result {
    public Verified {
      requireNonNull(username, "username");
      requireNonNull(uid, "uid");
      requireNonNull(pod, "pod");
      audiences = List.copyOf(audiences);
    }
  }

  /**
   * The token is none of ours; the same token will be refused again.
   *
   * @param reason for a person; holds no part of the token
   */
  record Refused(String reason) implements Result {
    public Refused {
      requireNonNull(reason, "reason");
    }
  }

  /**
   * It could not be checked: to be tried again later, and nobody's fault who sent it.
   *
   * @param reason for a person
   */
  record Unavailable(String reason) implements Result {
    public Unavailable {
      requireNonNull(reason, "reason");
    }
  }
}
