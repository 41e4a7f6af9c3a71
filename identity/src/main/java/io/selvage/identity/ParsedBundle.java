// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

/** What a file of certificates or revocation lists turned out to be. */
public sealed interface ParsedBundle {
  /** Usable. */
  record Accepted(CertificateBundle bundle) implements ParsedBundle {}

  /**
   * Not usable.
   *
   * @param reason stable CamelCase word
   * @param message a sentence without secrets
   */
  record Rejected(String reason, String message) implements ParsedBundle {}
}
