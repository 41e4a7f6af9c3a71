// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.regex.Pattern;

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
  private static final Pattern TRUST_DOMAIN = Pattern.compile("[a-z0-9._-]{1,255}");
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
  private static final Pattern SUBDOMAIN =
      Pattern.compile(
          "(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");
  private static final Pattern ID = Pattern.compile("([^/]+)/ns/([^/]+)/sa/([^/]+)");

  /**
   * @throws IllegalArgumentException if a part is not of its form; the message names it
   */
  public WorkloadIdentity {
    check(TRUST_DOMAIN, "trust domain", requireNonNull(trustDomain, "trustDomain"));
    check(LABEL, "namespace", requireNonNull(namespace, "namespace"));
    check(SUBDOMAIN, "service account", requireNonNull(serviceAccount, "serviceAccount"));
  }

  private static void check(Pattern pattern, String what, String value) {
    if (!pattern.matcher(value).matches()) {
      throw new IllegalArgumentException("not a " + what + ": \"" + printable(value) + "\"");
    }
  }

  private static String printable(String value) {
    String start = value.length() > 80 ? value.substring(0, 80) + "..." : value;
    return start.replaceAll("[^\\x20-\\x7e]", "?");
  }

  /** Whether {@code text} may be a trust domain. */
  public static boolean isTrustDomain(String text) {
    return TRUST_DOMAIN.matcher(text).matches();
  }

  /** The identity a SPIFFE id names; empty if it is none of this form. */
  public static Optional<WorkloadIdentity> parse(String uri) {
    if (!uri.startsWith(SCHEME)) {
      return Optional.empty();
    }
    var parts = ID.matcher(uri.substring(SCHEME.length()));
    if (!parts.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new WorkloadIdentity(parts.group(1), parts.group(2), parts.group(3)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The SPIFFE id. */
  public String uri() {
    return SCHEME + trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount;
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
