// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.DestinationUpdate.Address;
import io.selvage.model.mesh.DestinationUpdate.Endpoint;
import io.selvage.model.mesh.DestinationUpdate.Kind;
import io.selvage.model.mesh.DestinationUpdate.ServiceRef;
import io.selvage.model.mesh.ProtocolHint;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What an address stands for at one moment: immutable, computed once, shared by all who ask.
 * Sessions remember the view they sent last and send what differs.
 */
public final class DestinationView {
  private static final AtomicLong VERSIONS = new AtomicLong();

  private final Kind kind;
  private final ServiceRef service;
  private final ProtocolHint hint;
  private final SortedMap<Address, Endpoint> endpoints;
  private final long version = VERSIONS.incrementAndGet();
  private final long madeNanos = System.nanoTime();
  private volatile @Nullable Difference difference;

  /** Most sessions come from the same earlier view, so one difference serves them all. */
  private record Difference(long from, DestinationUpdate update) {}

  private DestinationView(
      Kind kind, ServiceRef service, ProtocolHint hint, SortedMap<Address, Endpoint> endpoints) {
    this.kind = requireNonNull(kind, "kind");
    this.service = requireNonNull(service, "service");
    this.hint = requireNonNull(hint, "hint");
    this.endpoints = Collections.unmodifiableSortedMap(endpoints);
  }

  static DestinationView of(
      Kind kind, ServiceRef service, ProtocolHint hint, Collection<Endpoint> endpoints) {
    var sorted = new TreeMap<Address, Endpoint>(DestinationView::compare);
    endpoints.forEach(e -> sorted.put(new Address(e.address(), e.port()), e));
    return new DestinationView(kind, service, hint, sorted);
  }

  static DestinationView forward() {
    return of(Kind.FORWARD, ServiceRef.NONE, ProtocolHint.DETECT, List.of());
  }

  private static int compare(Address a, Address b) {
    int byAddress = a.address().compareTo(b.address());
    return byAddress == 0 ? Integer.compare(a.port(), b.port()) : byAddress;
  }

  public Kind kind() {
    return kind;
  }

  public ServiceRef service() {
    return service;
  }

  public ProtocolHint hint() {
    return hint;
  }

  /** By address and port. */
  public Collection<Endpoint> endpoints() {
    return endpoints.values();
  }

  /** When it was computed, by {@link System#nanoTime()}. */
  public long madeNanos() {
    return madeNanos;
  }

  /** Everything, for somebody who knows nothing. */
  public DestinationUpdate whole() {
    return new DestinationUpdate(
        true, kind, service, hint, List.copyOf(endpoints.values()), List.of());
  }

  /** What somebody must be told who knows {@code earlier}. */
  public DestinationUpdate since(@Nullable DestinationView earlier) {
    if (earlier == null || earlier.kind != kind) {
      return whole();
    }
    Difference known = difference;
    if (known != null && known.from == earlier.version) {
      return known.update;
    }
    DestinationUpdate update = differenceTo(earlier);
    difference = new Difference(earlier.version, update);
    return update;
  }

  private DestinationUpdate differenceTo(DestinationView earlier) {
    var upserts = new ArrayList<Endpoint>();
    endpoints.forEach((address, endpoint) -> {
      if (!endpoint.equals(earlier.endpoints.get(address))) {
        upserts.add(endpoint);
      }
    });
    var removed = new ArrayList<Address>();
    for (Address address : earlier.endpoints.keySet()) {
      if (!endpoints.containsKey(address)) {
        removed.add(address);
      }
    }
    return new DestinationUpdate(false, kind, service, hint, upserts, removed);
  }

  /** Whether both say the same, whenever they were made. */
  boolean says(DestinationView other) {
    return kind == other.kind
        && hint == other.hint
        && service.equals(other.service)
        && endpoints.equals(other.endpoints);
  }

  @Override
  public String toString() {
    return kind + " " + service.label() + " " + hint + " " + endpoints.values();
  }
}
