// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

/** Says whose token this is: the API server does (TokenReview), or a local signer's key. */
public interface TokenVerifier {
  /**
   * Judges a token. May block for the length of a call to the API server; throws nothing for what
   * the token holds.
   *
   * @param token as presented; never logged, and part of no message
   * @param audience the token must be meant for exactly this audience. An authenticator that does
   *     not confirm it has not authenticated the token; there is no second try without
   */
  TokenVerdict verify(String token, String audience);
}
