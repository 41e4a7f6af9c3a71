// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * Process-wide behaviour, from Emissary's Module where there is one.
 *
 * @param serverName value of the {@code server} response header
 * @param mergeSlashes {@code //} in a path becomes {@code /}
 * @param rejectEscapedSlashes 400 for {@code %2f} and {@code %5c} anywhere in a path. When false
 *     they are kept as they are; dot segments behind them are rejected all the same
 * @param stripMatchingHostPort a Host port equal to the listener's is dropped before matching
 * @param http10 whether HTTP/1.0 requests are served (else 426)
 * @param underscores what happens to header names with an underscore
 * @param preserveRequestId a client's x-request-id is kept
 * @param maxRequestHeaderBytes 1 KiB..16 KiB without a header count cap, up to 96 KiB with one
 * @param listenerIdleMillis idle downstream connection; 0 = never
 * @param ipAllow allow list; absent = everyone. Mutually exclusive with ipDeny
 */
public record Settings(
    String serverName,
    boolean mergeSlashes,
    boolean rejectEscapedSlashes,
    boolean stripMatchingHostPort,
    boolean http10,
    Underscores underscores,
    boolean preserveRequestId,
    int maxRequestHeaderBytes,
    long listenerIdleMillis,
    Optional<IpRules> ipAllow,
    Optional<IpRules> ipDeny) {

  /** Header names with an underscore ({@code x_forwarded_for}). */
  public enum Underscores {
    ALLOW,
    DROP,
    REJECT
  }

  /**
   * Addresses.
   *
   * @param peer CIDRs compared with the TCP peer (or PROXY protocol source)
   * @param remote CIDRs compared with the client address after X-Forwarded-For
   */
  public record IpRules(List<String> peer, List<String> remote) {
    public IpRules {
      peer = List.copyOf(peer);
      remote = List.copyOf(remote);
    }
  }

  public Settings {
    requireNonNull(serverName, "serverName");
    requireNonNull(underscores, "underscores");
    requireNonNull(ipAllow, "ipAllow");
    requireNonNull(ipDeny, "ipDeny");
  }

  /** The defaults of an edge gateway. */
  public static Settings defaults() {
    return new Settings(
        "selvage",
        true,
        false,
        false,
        true,
        Underscores.DROP,
        false,
        16 * 1024,
        75_000,
        Optional.empty(),
        Optional.empty());
  }
}
