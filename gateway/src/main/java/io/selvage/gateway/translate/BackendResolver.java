// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.IntOrString;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.Service;
import io.selvage.model.routing.ClusterSpec.EndpointSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Finds the Service port a backend names, and remembers which endpoint sets are wanted. Namespaces
 * are the caller's affair: this looks exactly where it is told. Confined to one compilation.
 */
public final class BackendResolver {
  private final ClusterState state;
  private final boolean allowExternalName;
  private final Map<Wanted, Resolution> answers = new HashMap<>();
  private final SortedSet<String> wantedKeys = new TreeSet<>();

  private record Wanted(String namespace, String service, IntOrString port) {}

  /** What a backend turned out to be. */
  public sealed interface Resolution {}

  /**
   * A Service port.
   *
   * @param key of its endpoint set, {@code namespace/service/port number}; also a good cluster name
   * @param port the Service's port, whose {@code appProtocol} may say what is spoken
   * @param source where a cluster gets the addresses from
   */
  public record Found(String key, Service service, Service.Port port, EndpointSource source)
      implements Resolution {}

  /**
   * No such thing, or not allowed.
   *
   * @param reason for the {@link io.selvage.model.Problem}
   * @param message a sentence naming the Service
   */
  public record NotFound(String reason, String message) implements Resolution {}

  BackendResolver(ClusterState state, boolean allowExternalName) {
    this.state = state;
    this.allowExternalName = allowExternalName;
  }

  /** Looks a Service port up, by number or name. Asking again costs a map lookup. */
  public Resolution resolve(String namespace, String service, IntOrString port) {
    return answers.computeIfAbsent(new Wanted(namespace, service, port), this::lookUp);
  }

  /** Keys of all endpoint sets asked for so far, sorted. */
  public SortedSet<String> wantedKeys() {
    return Collections.unmodifiableSortedSet(wantedKeys);
  }

  private Resolution lookUp(Wanted wanted) {
    String where = "Service " + wanted.namespace() + "/" + wanted.service();
    Optional<Service> found =
        wanted.service().isEmpty()
            ? Optional.empty()
            : state.find(Kind.SERVICE, wanted.namespace(), wanted.service());
    if (found.isEmpty()) {
      return new NotFound("ServiceNotFound", where + " does not exist");
    }
    Service service = found.get();
    if (service.spec().type().equals("ExternalName")) {
      return external(wanted, service, where);
    }
    List<String> known = new ArrayList<>();
    for (Service.Port port : service.spec().ports()) {
      boolean same =
          wanted.port().isName()
              ? wanted.port().name().equals(port.name())
              : wanted.port().number() == port.port();
      if (same && port.protocol().equalsIgnoreCase("TCP")) {
        String key = EndpointKey.of(service, port).toString();
        wantedKeys.add(key);
        return new Found(key, service, port, new EndpointSource.Set(key));
      }
      known.add(port.name().isEmpty() ? "" + port.port() : port.port() + " (" + port.name() + ")");
    }
    return new NotFound(
        "ServicePortNotFound",
        where
            + " has no TCP port "
            + wanted.port()
            + (known.isEmpty() ? "" : "; it has " + String.join(", ", known)));
  }

  /** By DNS; the Service's ports are optional there, a number stands for itself. */
  private Resolution external(Wanted wanted, Service service, String where) {
    if (!allowExternalName) {
      return new NotFound(
          "ExternalNameNotAllowed",
          where + " is of type ExternalName, which needs the flag --allow-external-name");
    }
    String host = service.spec().externalName().toLowerCase(Locale.ROOT);
    if (host.endsWith(".")) {
      host = host.substring(0, host.length() - 1);
    }
    if (!HostNames.isName(host)) {
      return new NotFound(
          "InvalidExternalName", where + " has an externalName that is no host name");
    }
    Optional<Service.Port> declared =
        service.spec().ports().stream()
            .filter(p ->
                wanted.port().isName()
                    ? wanted.port().name().equals(p.name())
                    : wanted.port().number() == p.port())
            .findFirst();
    if (declared.isEmpty() && wanted.port().isName()) {
      return new NotFound("ServicePortNotFound", where + " has no port " + wanted.port());
    }
    var port =
        declared.orElseGet(
            () -> new Service.Port(null, wanted.port().number(), null, null, null, 0));
    return new Found(
        EndpointKey.of(service, port).toString(),
        service,
        port,
        new EndpointSource.Dns(host, port.port()));
  }
}
