// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import io.selvage.gateway.explain.Explanation.Candidate;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.TlsBinding;
import io.selvage.proxy.tls.ServerNames;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which certificate of a listener answers to a server name, by the data path's own index. */
final class CertificateChoice {
  private final ListenerSpec listener;
  private final ServerNames<TlsBinding> names;
  private final String serverName;
  private final @Nullable TlsBinding chosen;

  /**
   * @param serverName lower case; empty = the client sends none
   */
  CertificateChoice(ListenerSpec listener, String serverName) {
    this.listener = listener;
    this.names = ServerNames.of(listener.tlsBindings(), TlsBinding::serverNames);
    this.serverName = serverName;
    this.chosen = names.lookup(serverName);
  }

  boolean isFound() {
    return chosen != null;
  }

  /** False if a request for {@code host} on this connection would be misdirected. */
  boolean serves(String host) {
    TlsBinding wanted = names.lookup(host);
    return wanted != null && wanted.equals(chosen);
  }

  /** All that answer to the server name, the chosen one first. */
  List<Candidate> candidates() {
    var candidates = new ArrayList<Candidate>();
    for (TlsBinding binding : listener.tlsBindings()) {
      if (binding.serverNames().isEmpty()
          || binding.serverNames().stream().anyMatch(p -> p.matches(serverName))) {
        boolean wins = binding.equals(chosen);
        candidates.add(
            new Candidate(
                text(binding.serverNames()),
                binding.origin().toString(),
                wins,
                wins
                    ? "most specific for the server name \"" + serverName + "\""
                    : "less specific than the chosen one"));
      }
    }
    candidates.sort(Comparator.comparing(Candidate::chosen).reversed());
    return candidates;
  }

  private static String text(List<HostPattern> patterns) {
    return patterns.isEmpty()
        ? "*"
        : String.join(", ", patterns.stream().map(HostPattern::toString).toList());
  }
}
