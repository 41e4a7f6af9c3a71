// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

/** What came of judging a token. */
public sealed interface TokenVerdict {
  /**
   * The token is good, and for our audience.
   *
   * @param username as the authenticator writes it, such as {@code
   *     system:serviceaccount:<namespace>:<name>}; not checked for its form
   * @param pod the pod the token is bound to; {@link PodRef#NONE} where it is bound to none
   */
  record Authenticated(String username, PodRef pod) implements TokenVerdict {
    public Authenticated {
      requireNonNull(username, "username");
      requireNonNull(pod, "pod");
    }
  }

  /**
   * The token is not good: broken, expired, of another signer, for another audience.
   *
   * @param message for a person, without the token
   */
  record Rejected(String message) implements TokenVerdict {
    public Rejected {
      requireNonNull(message, "message");
    }
  }

  /**
   * Nobody could be asked; the same token may be good later.
   *
   * @param message for a person
   */
  record Unavailable(String message) implements TokenVerdict {
    public Unavailable {
      requireNonNull(message, "message");
    }
  }
}
