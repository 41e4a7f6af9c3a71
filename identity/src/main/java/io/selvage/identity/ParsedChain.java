// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** What a certificate chain and its key turned out to be. */
public sealed interface ParsedChain {

  /**
   * Usable as far as its form goes: the key fits the leaf, and every certificate is signed by the
   * next. Whether it is valid now is asked separately, so that the answer can be remembered.
   *
   * @param chainPem leaf first, each certificate followed by its issuer, without duplicates
   * @param keyPem PKCS#8, unencrypted
   * @param subject the leaf's subject, for messages
   * @param dnsNames the leaf's DNS names in lower case, wildcards as {@code *.example.com}
   * @param notBefore start of the leaf's validity
   * @param notAfter the earliest end of validity in the chain
   */
  record Accepted(
      String chainPem,
      String keyPem,
      String subject,
      List<String> dnsNames,
      Instant notBefore,
      Instant notAfter)
      implements ParsedChain {
    public Accepted {
      requireNonNull(chainPem, "chainPem");
      requireNonNull(keyPem, "keyPem");
      requireNonNull(subject, "subject");
      dnsNames = List.copyOf(dnsNames);
      requireNonNull(notBefore, "notBefore");
      requireNonNull(notAfter, "notAfter");
    }

    /** Why it must not be used at {@code now}; empty if it may. */
    public Optional<Rejected> validityProblem(Instant now) {
      if (now.isAfter(notAfter)) {
        return Optional.of(
            new Rejected(
                "CertificateExpired", "the certificate of " + subject + " expired on " + notAfter));
      }
      if (now.isBefore(notBefore.minus(CLOCK_SKEW_SECONDS, ChronoUnit.SECONDS))) {
        return Optional.of(
            new Rejected(
                "CertificateNotYetValid",
                "the certificate of " + subject + " is valid from " + notBefore + " on"));
      }
      return Optional.empty();
    }

    /** True if the leaf is good for a host name; a wildcard covers one label (RFC 6125 6.4.3). */
    public boolean covers(String host) {
      int dot = host.indexOf('.');
      return dnsNames.contains(host) || dot > 0 && dnsNames.contains("*" + host.substring(dot));
    }

    /** Without the key. */
    @Override
    public String toString() {
      return "Accepted[" + subject + " " + dnsNames + " until " + notAfter + "]";
    }
  }

  /**
   * Not usable.
   *
   * @param reason stable CamelCase word
   * @param message a sentence without secrets
   */
  record Rejected(String reason, String message) implements ParsedChain {}

  /** How far our clock may be behind the issuer's: two minutes. */
  long CLOCK_SKEW_SECONDS = 120;
}
