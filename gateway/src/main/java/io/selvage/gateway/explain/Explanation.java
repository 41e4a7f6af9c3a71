// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a request would go and why. Parts that were not reached are absent or empty.
 *
 * @param request method and URL asked about
 * @param verdict how it ends
 * @param status what the gateway itself would answer; 0 when the answer is the backend's
 * @param summary one sentence for a person
 * @param listeners the chosen listener first, then the others
 * @param tls certificates that answer to the server name, the chosen one first; empty over
 *     plaintext
 * @param hosts virtual hosts that answer to the host, the chosen one first
 * @param routes the chosen route first, then those that came close
 * @param routesNotListed further routes of the virtual host whose path does not match
 * @param targets members of the chosen route with their weights
 * @param backend where the request goes; null when the gateway answers by itself
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Explanation(
    String request,
    Verdict verdict,
    int status,
    String summary,
    List<Candidate> listeners,
    List<Candidate> tls,
    List<Candidate> hosts,
    List<Candidate> routes,
    int routesNotListed,
    List<Target> targets,
    @Nullable Backend backend) {

  /** How a request ends. */
  public enum Verdict {
    /** Proxied to an endpoint. */
    FORWARDED(true),
    /** Bytes are passed on by a TCP route. */
    PASSED_THROUGH(true),
    /** Answered by the gateway as configured, such as a redirect. */
    ANSWERED(true),
    /** The configuration says that it is refused. */
    REFUSED(false),
    /** No listener takes such a connection. */
    NO_LISTENER(false),
    /** No certificate answers to the server name. */
    NO_CERTIFICATE(false),
    /** 400 or the like before any route is looked for. */
    MALFORMED(false),
    /** 404: no virtual host answers to the name. */
    NO_HOST(false),
    /** 404: no route matches. */
    NO_ROUTE(false),
    /** 503: the cluster has no endpoint. */
    NO_ENDPOINT(false);

    private final boolean served;

    Verdict(boolean served) {
      this.served = served;
    }

    /** True if something serves the request. */
    public boolean isServed() {
      return served;
    }
  }

  /**
   * Something that could have been chosen.
   *
   * @param name as in the admin tables
   * @param origin the object it came from, {@code Kind namespace/name}; empty = none
   * @param reason why it won or lost
   */
  public record Candidate(String name, String origin, boolean chosen, String reason) {}

  /**
   * One member of a weighted route.
   *
   * @param weight percent
   * @param action what it does, in words
   */
  public record Target(String origin, int weight, String action, boolean chosen) {}

  /**
   * Where the request goes.
   *
   * @param cluster name of the cluster
   * @param protocol what is spoken to it, such as {@code HTTP1} or {@code HTTP2 over TLS}
   * @param path path and query the backend sees; empty for a TCP route
   * @param host Host the backend sees; empty for a TCP route, or when it is the endpoint's own
   * @param balancer how an endpoint is picked
   * @param endpoint the one that is picked, where that is certain; empty otherwise
   * @param endpoints all of them
   */
  public record Backend(
      String cluster,
      String protocol,
      String path,
      String host,
      String balancer,
      String endpoint,
      List<EndpointView> endpoints) {
    public Backend {
      endpoints = List.copyOf(endpoints);
    }
  }

  /**
   * One address.
   *
   * @param address {@code address:port}
   * @param draining serving, but about to go: used only when nothing else is there
   */
  public record EndpointView(String address, boolean draining) {}

  public Explanation {
    requireNonNull(request, "request");
    requireNonNull(verdict, "verdict");
    requireNonNull(summary, "summary");
    listeners = List.copyOf(listeners);
    tls = List.copyOf(tls);
    hosts = List.copyOf(hosts);
    routes = List.copyOf(routes);
    targets = List.copyOf(targets);
  }
}
