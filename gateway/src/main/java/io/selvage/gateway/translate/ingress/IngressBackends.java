// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.ingress;

import io.selvage.gateway.translate.BackendResolver;
import io.selvage.gateway.translate.CompileContext;
import io.selvage.model.Problem;
import io.selvage.model.kube.Ingress;
import io.selvage.model.kube.IntOrString;
import io.selvage.model.routing.Affinity;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ClusterSpec.Protocol;
import io.selvage.model.routing.ClusterSpec.UpstreamTls;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.HostRewrite;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.PathRewrite;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.Timeouts;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns an Ingress backend into an action. One that leads nowhere answers 503, so that its requests
 * do not reach the backend of a shorter path.
 */
final class IngressBackends {
  /**
   * An Ingress says nothing of time. A limit on the whole exchange would cut long downloads and
   * event streams short, so only silence is limited: a minute, as with ingress-nginx's read
   * timeout.
   */
  static final Timeouts TIMEOUTS = new Timeouts(0, 60_000);

  private static final int SERVICE_UNAVAILABLE = 503;

  private final CompileContext context;

  IngressBackends(CompileContext context) {
    this.context = context;
  }

  /**
   * The action for a backend.
   *
   * @param field of the backend, for a problem
   * @param match path it is reached by; absent for a default backend, whose path is never changed
   */
  RouteAction action(
      Ingress ingress,
      Dialect dialect,
      String field,
      Ingress.@Nullable Backend backend,
      Optional<PathMatch> match) {
    if (backend == null || (backend.service() == null) == (backend.resource() == null)) {
      return nothing(
          ingress, field, "BackendInvalid", "the backend must name a service or a resource");
    }
    Ingress.ServiceBackend service = backend.service();
    if (service == null) {
      return nothing(
          ingress, field, "ResourceBackend", "resource backends are not supported: 503 for it");
    }
    // Jackson fills the record without asking whether the field was there.
    @Nullable String name = service.name();
    Optional<IntOrString> port = port(service.port());
    if (name == null || port.isEmpty()) {
      return nothing(
          ingress,
          field + ".service",
          "BackendInvalid",
          "the backend must name a service and its port, by number or by name");
    }
    return switch (context.backends().resolve(ingress.metadata().namespace(), name, port.get())) {
      case BackendResolver.NotFound(String reason, String message) ->
          nothing(ingress, field + ".service", reason, message);
      case BackendResolver.Found found -> forward(found, dialect, match);
    };
  }

  private RouteAction nothing(Ingress ingress, String field, String reason, String message) {
    context.report(Problem.error(ingress.ref(), field, reason, message));
    return new RouteAction.Respond(SERVICE_UNAVAILABLE, "", "", "config_error");
  }

  private static Optional<IntOrString> port(Ingress.@Nullable Port port) {
    if (port == null) {
      return Optional.empty();
    }
    Integer number = port.number();
    String name = port.name() == null ? "" : port.name();
    if (number != null && name.isEmpty()) {
      return number >= 1 && number <= 65_535
          ? Optional.of(IntOrString.of(number.intValue()))
          : Optional.empty();
    }
    return number == null && !name.isEmpty()
        ? Optional.of(new IntOrString(0, name))
        : Optional.empty();
  }

  private RouteAction forward(
      BackendResolver.Found found, Dialect dialect, Optional<PathMatch> match) {
    ClusterSpec cluster = cluster(found);
    context.cluster(cluster);
    return new RouteAction.Forward(
        cluster.name(),
        dialect == Dialect.EMISSARY
            ? match.map(IngressBackends::stripped).orElse(new PathRewrite.Keep())
            : new PathRewrite.Keep(),
        new HostRewrite.Keep(),
        HeaderEdits.NONE,
        HeaderEdits.NONE,
        TIMEOUTS,
        Optional.empty(),
        new Affinity.None(),
        upgrades(found, dialect),
        List.of(),
        Optional.empty(),
        RouteAction.Priority.DEFAULT,
        0,
        List.of());
  }

  private static PathRewrite stripped(PathMatch match) {
    if (match instanceof PathMatch.Exact) {
      return new PathRewrite.ReplaceFull("/");
    }
    return match.text().equals("/") ? new PathRewrite.Keep() : new PathRewrite.ReplacePrefix("/");
  }

  /**
   * Users of the specification's dialect come from controllers that let WebSockets through;
   * Emissary refuses them unless told otherwise, which an Ingress can only do by the port's
   * appProtocol.
   */
  private static Set<String> upgrades(BackendResolver.Found found, Dialect dialect) {
    boolean declared =
        switch (found.port().appProtocol()) {
          case "kubernetes.io/ws", "kubernetes.io/wss", "ws", "wss" -> true;
          default -> false;
        };
    return declared || dialect == Dialect.SPEC ? Set.of("websocket") : Set.of();
  }

  /** Named by the Service port and what is spoken there, so that equal ones are shared. */
  private static ClusterSpec cluster(BackendResolver.Found found) {
    ClusterSpec plain = ClusterSpec.http("ingress/" + found.key());
    Protocol protocol =
        switch (found.port().appProtocol()) {
          case "kubernetes.io/h2c", "h2c", "grpc" -> Protocol.HTTP2;
          default -> Protocol.HTTP1;
        };
    boolean tls =
        switch (found.port().appProtocol()) {
          case "https", "kubernetes.io/wss", "wss" -> true;
          default -> false;
        };
    // Without a CA to verify against this hides the traffic, but proves nothing about the endpoint.
    Optional<UpstreamTls> upstreamTls =
        tls
            ? Optional.of(
                new UpstreamTls(
                    "",
                    Optional.empty(),
                    "",
                    Optional.empty(),
                    List.of("http/1.1"),
                    Optional.empty(),
                    Optional.empty(),
                    List.of()))
            : Optional.empty();
    return new ClusterSpec(
        plain.name(),
        found.key(),
        found.source(),
        protocol,
        upstreamTls,
        plain.loadBalancer(),
        plain.connectTimeoutMillis(),
        plain.idleTimeoutMillis(),
        plain.maxConnectionLifetimeMillis(),
        plain.defaultBreakers(),
        plain.highBreakers(),
        plain.accrual(),
        plain.healthCheck(),
        plain.tcpKeepalive());
  }
}
