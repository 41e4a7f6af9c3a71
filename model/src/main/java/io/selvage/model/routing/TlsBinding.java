// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import io.selvage.model.kube.ObjectRef;
import java.util.List;
import java.util.Optional;

/**
 * A certificate and the names it answers for on a listener.
 *
 * @param name unique within the listener
 * @param serverNames SNI patterns; {@code ANY} makes it the listener's default certificate
 * @param clientAuth absent = no client certificate is asked for
 * @param alpn in order of preference, such as h2, http/1.1
 * @param minVersion TLSv1.2 or TLSv1.3; absent = TLSv1.2
 * @param maxVersion absent = TLSv1.3
 * @param cipherSuites TLS 1.2 suites in IANA or OpenSSL names; empty = defaults
 * @param curves named groups; empty = defaults
 */
public record TlsBinding(
    String name,
    ObjectRef origin,
    List<HostPattern> serverNames,
    KeyMaterial certificate,
    Optional<ClientAuth> clientAuth,
    List<String> alpn,
    Optional<String> minVersion,
    Optional<String> maxVersion,
    List<String> cipherSuites,
    List<String> curves) {
  public TlsBinding {
    requireNonNull(name, "name");
    requireNonNull(origin, "origin");
    serverNames = List.copyOf(serverNames);
    requireNonNull(certificate, "certificate");
    requireNonNull(clientAuth, "clientAuth");
    alpn = List.copyOf(alpn);
    requireNonNull(minVersion, "minVersion");
    requireNonNull(maxVersion, "maxVersion");
    cipherSuites = List.copyOf(cipherSuites);
    curves = List.copyOf(curves);
  }

  /**
   * Client certificates.
   *
   * @param required false = asked for, checked when sent, but not demanded
   */
  public record ClientAuth(TrustSpec trust, boolean required) {}
}
