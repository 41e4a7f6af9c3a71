// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.EndpointSlice;
import io.selvage.model.kube.Endpoints;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.kube.Service;
import io.selvage.model.routing.EndpointSet;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Addresses behind Service ports, from EndpointSlices or, for a Service that has none, from core
 * Endpoints. One instance is an index over one state; making it costs one pass over the slices.
 *
 * <p>Rules: a slice's port belongs to the Service port of the same name, which is how a named
 * targetPort may have another number on every pod. Of an endpoint the first address counts, as for
 * kube-proxy. An address and port is listed once, however many slices repeat it. A pod that appears
 * with an IPv4 and an IPv6 address is listed once, by the Service's first family. Ready endpoints
 * are listed; if there is none at all, those that still serve while terminating, marked draining.
 */
public final class EndpointSets {
  private static final Comparator<EndpointSet.Endpoint> ORDER =
      Comparator.comparing(EndpointSet.Endpoint::address)
          .thenComparingInt(EndpointSet.Endpoint::port);

  private final ClusterState services;
  private final ClusterState addresses;
  private final Map<ObjectRef, List<EndpointSlice>> slicesByService = new HashMap<>();

  private record Candidate(
      EndpointSet.Endpoint endpoint, @Nullable String pod, boolean preferredFamily) {}

  private EndpointSets(ClusterState services, ClusterState addresses, Predicate<ObjectRef> wanted) {
    this.services = services;
    this.addresses = addresses;
    for (EndpointSlice slice : addresses.all(Kind.ENDPOINT_SLICE)) {
      if (!slice.serviceName().isEmpty()) {
        ObjectRef service = service(slice.metadata().namespace(), slice.serviceName());
        if (wanted.test(service)) {
          slicesByService.computeIfAbsent(service, k -> new ArrayList<>(2)).add(slice);
        }
      }
    }
  }

  /** An index over all Services. */
  public static EndpointSets of(ClusterState state) {
    return new EndpointSets(state, state, s -> true);
  }

  /**
   * An index for Services as they were compiled over addresses that may be newer.
   *
   * @param services where Services and their ports are looked up
   * @param addresses where EndpointSlices and Endpoints are looked up
   * @param wanted the Services of interest, as {@link #service} names them; asked once a slice
   */
  public static EndpointSets of(
      ClusterState services, ClusterState addresses, Predicate<ObjectRef> wanted) {
    return new EndpointSets(services, addresses, wanted);
  }

  /** Names a Service. */
  public static ObjectRef service(String namespace, String name) {
    return new ObjectRef(Kind.SERVICE.name(), namespace, name);
  }

  /** The sets for some keys, by key. */
  public Map<String, EndpointSet> forKeys(Collection<String> keys) {
    var sets = new TreeMap<String, EndpointSet>();
    keys.forEach(key -> sets.put(key, forKey(key)));
    return sets;
  }

  /** The set of one Service port; empty if the Service or the port is gone. */
  public EndpointSet forKey(String text) {
    var key = EndpointKey.parse(text);
    Optional<Service> service = services.find(Kind.SERVICE, key.namespace(), key.service());
    Optional<Service.Port> port =
        service.stream()
            .flatMap(s -> s.spec().ports().stream())
            .filter(p -> p.port() == key.port() && p.protocol().equalsIgnoreCase("TCP"))
            .findFirst();
    if (service.isEmpty() || port.isEmpty()) {
      return EndpointSet.empty(text);
    }
    var slices = slicesByService.get(service(key.namespace(), key.service()));
    var endpoints =
        slices == null
            ? fromEndpoints(key, port.get())
            : fromSlices(slices, port.get(), familyOf(service.get()));
    return new EndpointSet(text, endpoints);
  }

  private static String familyOf(Service service) {
    return service.spec().clusterIP().indexOf(':') >= 0 ? "IPv6" : "IPv4";
  }

  private static List<EndpointSet.Endpoint> fromSlices(
      List<EndpointSlice> slices, Service.Port port, String family) {
    var ready = new ArrayList<Candidate>();
    var draining = new ArrayList<Candidate>();
    for (EndpointSlice slice : slices) {
      int number = portOf(slice.ports(), port);
      if (number == 0) {
        continue;
      }
      boolean preferred = slice.addressType().equals(family);
      for (EndpointSlice.Endpoint endpoint : slice.endpoints()) {
        if (endpoint.isReady()) {
          add(ready, slice, endpoint, number, preferred, false);
        } else if (endpoint.isServing() && endpoint.isTerminating()) {
          add(draining, slice, endpoint, number, preferred, true);
        }
      }
    }
    return distinct(ready.isEmpty() ? draining : ready);
  }

  private static void add(
      List<Candidate> to,
      EndpointSlice slice,
      EndpointSlice.Endpoint endpoint,
      int port,
      boolean preferred,
      boolean draining) {
    if (endpoint.addresses().isEmpty()) {
      return;
    }
    String address = endpoint.addresses().getFirst();
    if (isIpLiteral(address)) {
      to.add(
          new Candidate(
              new EndpointSet.Endpoint(
                      address, port, endpoint.hostname(), endpoint.zone(), draining)
                  .withPod(podName(slice, endpoint.targetRef())),
              pod(endpoint.targetRef(), port),
              preferred));
    }
  }

  private static @Nullable String pod(EndpointSlice.@Nullable TargetRef target, int port) {
    return target == null || target.name() == null
        ? null
        : target.kind() + "/" + target.namespace() + "/" + target.name() + "/" + port;
  }

  /** The pod an endpoint is said to be, for the mesh; empty = none is named. */
  private static String podName(EndpointSlice slice, EndpointSlice.@Nullable TargetRef target) {
    if (target == null || !"Pod".equals(target.kind()) || target.name() == null) {
      return "";
    }
    String namespace = target.namespace();
    return (namespace == null || namespace.isEmpty() ? slice.metadata().namespace() : namespace)
        + '/'
        + target.name();
  }

  /** Each address and port once, each pod once, in a fixed order. */
  private static List<EndpointSet.Endpoint> distinct(List<Candidate> candidates) {
    var familyByPod = new HashMap<String, Boolean>();
    for (Candidate c : candidates) {
      if (c.pod() != null) {
        familyByPod.merge(c.pod(), c.preferredFamily(), Boolean::logicalOr);
      }
    }
    var byAddress = new LinkedHashMap<String, EndpointSet.Endpoint>();
    for (Candidate c : candidates) {
      boolean otherFamilyServes =
          c.pod() != null && !c.preferredFamily() && Boolean.TRUE.equals(familyByPod.get(c.pod()));
      if (!otherFamilyServes) {
        byAddress.putIfAbsent(c.endpoint().address() + '|' + c.endpoint().port(), c.endpoint());
      }
    }
    return byAddress.values().stream().sorted(ORDER).toList();
  }

  private List<EndpointSet.Endpoint> fromEndpoints(EndpointKey key, Service.Port port) {
    Optional<Endpoints> object = addresses.find(Kind.ENDPOINTS, key.namespace(), key.service());
    if (object.isEmpty()) {
      return List.of();
    }
    var candidates = new ArrayList<Candidate>();
    for (Endpoints.Subset subset : object.get().subsets()) {
      int number = portOf(subset.ports(), port);
      if (number == 0) {
        continue;
      }
      for (Endpoints.Address address : subset.addresses()) {
        // Jackson fills the record without asking whether the field was there.
        @Nullable String ip = address.ip();
        if (ip != null && isIpLiteral(ip)) {
          String hostname = address.hostname() == null ? "" : address.hostname();
          candidates.add(
              new Candidate(new EndpointSet.Endpoint(ip, number, hostname, "", false), null, true));
        }
      }
    }
    return distinct(candidates);
  }

  /**
   * The pods' port for a Service port, 0 if this list has none. An unnamed Service port is the
   * Service's only one; then the list's only TCP port is meant, whatever a hand-written slice calls
   * it.
   */
  private static int portOf(List<EndpointSlice.Port> ports, Service.Port wanted) {
    int only = 0;
    int count = 0;
    for (EndpointSlice.Port port : ports) {
      Integer number = port.port();
      if (number == null || number < 1 || number > 65_535 || !port.protocol().equals("TCP")) {
        continue;
      }
      if (port.name().equals(wanted.name())) {
        return number;
      }
      only = number;
      count++;
    }
    return wanted.name().isEmpty() && count == 1 ? only : 0;
  }

  private static boolean isIpLiteral(String text) {
    try {
      // A scope id names an interface of some node, not of this one.
      return text.indexOf('%') < 0 && !InetAddress.ofLiteral(text).isAnyLocalAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
