// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * Who a workload is: its ServiceAccount within a trust domain. Written as a SPIFFE id, {@code
 * spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>} (SPIFFE-ID, section 2).
 *
 * @param trustDomain lower-case letters, digits, dots, dashes and underscores, at most 255
 * @param namespace DNS-1123 label
 * @param serviceAccount DNS-1123 subdomain: dots are allowed
 */
public record WorkloadIdentity(String trustDomain, String namespace, String serviceAccount) {
  private static final String SCHEME = "spiffe://";
  private static final String NAMESPACE = "/ns/";
  private static final String ACCOUNT = "/sa/";
  private static final int MAX_TRUST_DOMAIN = 255;
  private static final int MAX_LABEL = 63;
  private static final int MAX_SUBDOMAIN = 253;

  /**
   * @throws IllegalArgumentException if a part is not of its form; the message names it
   */
  public WorkloadIdentity {
    check(isTrustDomain(requireNonNull(trustDomain, "trustDomain")), "trust domain", trustDomain);
    check(
        requireNonNull(namespace, "namespace").length() <= MAX_LABEL
            && isLabel(namespace, 0, namespace.length()),
        "namespace",
        namespace);
    check(
        isSubdomain(requireNonNull(serviceAccount, "serviceAccount")),
        "service account",
        serviceAccount);
  }

  private static void check(boolean fits, String what, String value) {
    if (!fits) {
      throw new IllegalArgumentException("not a " + what + ": \"" + printable(value) + "\"");
    }
  }

  // By hand: regular expressions would be forty classes more in each sidecar.

  private static boolean isLetterOrDigit(char c) {
    return c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
  }

  /** Letters, digits and dashes, no dash at an end; not empty. */
  private static boolean isLabel(String text, int from, int to) {
    if (from >= to || text.charAt(from) == '-' || text.charAt(to - 1) == '-') {
      return false;
    }
    for (int i = from; i < to; i++) {
      if (!isLetterOrDigit(text.charAt(i)) && text.charAt(i) != '-') {
        return false;
      }
    }
    return true;
  }

  /** Labels with dots between them. */
  private static boolean isSubdomain(String text) {
    if (text.length() > MAX_SUBDOMAIN) {
      return false;
    }
    int from = 0;
    for (int dot = text.indexOf('.'); dot >= 0; dot = text.indexOf('.', from)) {
      if (!isLabel(text, from, dot)) {
        return false;
      }
      from = dot + 1;
    }
    return isLabel(text, from, text.length());
  }

  private static String printable(String value) {
    String start = value.length() > 80 ? value.substring(0, 80) + "..." : value;
    var shown = new StringBuilder(start.length());
    for (int i = 0; i < start.length(); i++) {
      char c = start.charAt(i);
      shown.append(c >= ' ' && c <= '~' ? c : '?');
    }
    return shown.toString();
  }

  /** Whether {@code text} may be a trust domain. */
  public static boolean isTrustDomain(String text) {
    if (text.isEmpty() || text.length() > MAX_TRUST_DOMAIN) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!isLetterOrDigit(c) && c != '.' && c != '_' && c != '-') {
        return false;
      }
    }
    return true;
  }

  /** The identity a SPIFFE id names; empty if it is none of this form. */
  public static Optional<WorkloadIdentity> parse(String uri) {
    if (!uri.startsWith(SCHEME)) {
      return Optional.empty();
    }
    int slash = uri.indexOf('/', SCHEME.length());
    if (slash < 0 || !uri.startsWith(NAMESPACE, slash)) {
      return Optional.empty();
    }
    int namespace = slash + NAMESPACE.length();
    int account = uri.indexOf('/', namespace);
    if (account < 0 || !uri.startsWith(ACCOUNT, account)) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new WorkloadIdentity(
              uri.substring(SCHEME.length(), slash),
              uri.substring(namespace, account),
              uri.substring(account + ACCOUNT.length())));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The SPIFFE id. */
  public String uri() {
    return SCHEME + trustDomain + NAMESPACE + namespace + ACCOUNT + serviceAccount;
  }

  /** {@code sa.ns}, as tables for people show it. */
  public String shortName() {
    return serviceAccount + "." + namespace;
  }

  /** The SPIFFE id. */
  @Override
  public String toString() {
    return uri();
  }
}
