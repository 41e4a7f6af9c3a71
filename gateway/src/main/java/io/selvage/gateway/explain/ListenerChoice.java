// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import io.selvage.gateway.explain.Explanation.Candidate;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which listener a connection reaches. A URL with a port names it; without one any listener that
 * speaks the scheme may stand behind a Service or a port mapping, so the conventional port is
 * preferred and the first other one taken.
 *
 * @param chosen null when no listener takes the connection
 * @param candidates the chosen one first
 */
record ListenerChoice(@Nullable ListenerSpec chosen, List<Candidate> candidates) {

  /**
   * @param port of the URL; -1 = none
   */
  static ListenerChoice of(List<ListenerSpec> listeners, boolean secure, int port) {
    ListenerSpec best = null;
    String why = "";
    for (ListenerSpec listener : listeners) {
      if (!speaks(listener, secure)) {
        continue;
      }
      if (port >= 0) {
        if (listener.port() == port) {
          best = listener;
          why = "listens on port " + port;
          break;
        }
      } else if (listener.port() == (secure ? 443 : 80)) {
        best = listener;
        why = "listens on the scheme's own port";
        break;
      } else if (best == null) {
        best = listener;
        why = "the first that speaks " + scheme(secure) + "; the URL names no port";
      }
    }
    var candidates = new ArrayList<Candidate>();
    if (best != null) {
      candidates.add(candidate(best, true, why));
    }
    for (ListenerSpec listener : listeners) {
      if (!listener.equals(best)) {
        candidates.add(candidate(listener, false, whyNot(listener, secure, port, best)));
      }
    }
    return new ListenerChoice(best, candidates);
  }

  private static boolean speaks(ListenerSpec listener, boolean secure) {
    return switch (listener.tls()) {
      case DETECT -> true;
      case REQUIRED -> secure;
      // A TCP route on a plain port passes TLS through without looking at it.
      case OFF -> !secure || !listener.tcpRoutes().isEmpty();
    };
  }

  private static String whyNot(
      ListenerSpec listener, boolean secure, int port, @Nullable ListenerSpec best) {
    if (port >= 0 && listener.port() != port) {
      return "listens on port " + listener.port();
    }
    if (!speaks(listener, secure)) {
      return listener.tls() == TlsMode.REQUIRED ? "takes TLS only" : "does not speak TLS";
    }
    return best == null ? "" : "the other was preferred";
  }

  private static Candidate candidate(ListenerSpec listener, boolean chosen, String reason) {
    return new Candidate(
        listener.name() + " on " + listener.address() + ":" + listener.port(),
        listener.origin().map(ObjectRef::toString).orElse(""),
        chosen,
        reason);
  }

  private static String scheme(boolean secure) {
    return secure ? "https" : "http";
  }
}
