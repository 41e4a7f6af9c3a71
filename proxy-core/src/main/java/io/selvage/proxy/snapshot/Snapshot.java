// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.snapshot;

import static java.util.Objects.requireNonNull;

import io.selvage.model.routing.RoutingModel;
import io.selvage.model.routing.Settings;
import io.selvage.proxy.route.RouteTable;
import io.selvage.proxy.upstream.Cluster;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A compiled {@link RoutingModel}. Immutable but for the state of its clusters' endpoints. */
public final class Snapshot {
  private static final Snapshot EMPTY =
      new Snapshot(RoutingModel.empty(), Map.of(), new TreeMap<>(), new TreeMap<>(), 0);

  private final RoutingModel model;
  private final Map<String, ServedListener> listeners;
  private final SortedMap<String, RouteTable> routeTables;
  private final SortedMap<String, Cluster> clusters;
  private final long version;
  private final AddressRules addressRules;
  private final byte[] serverName;
  private final @Nullable ServedListener only;

  /**
   * What is behind one destination: every connection is served by {@code only}, whatever it calls
   * its listener, and messages pass unchanged.
   *
   * @param clusters those the routes name
   */
  public static Snapshot transparent(
      RoutingModel model, ServedListener only, SortedMap<String, Cluster> clusters) {
    return new Snapshot(model, Map.of(), new TreeMap<>(), clusters, 1, only);
  }

  /**
   * @param listeners by name
   * @param version 1 for the first model applied, then one more each time
   */
  public Snapshot(
      RoutingModel model,
      Map<String, ServedListener> listeners,
      SortedMap<String, RouteTable> routeTables,
      SortedMap<String, Cluster> clusters,
      long version) {
    this(model, listeners, routeTables, clusters, version, null);
  }

  private Snapshot(
      RoutingModel model,
      Map<String, ServedListener> listeners,
      SortedMap<String, RouteTable> routeTables,
      SortedMap<String, Cluster> clusters,
      long version,
      @Nullable ServedListener only) {
    this.only = only;
    this.model = requireNonNull(model, "model");
    this.listeners = Map.copyOf(listeners);
    this.routeTables = Collections.unmodifiableSortedMap(new TreeMap<>(routeTables));
    this.clusters = Collections.unmodifiableSortedMap(new TreeMap<>(clusters));
    this.version = version;
    this.addressRules = AddressRules.of(model.settings());
    this.serverName = model.settings().serverName().getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Nothing to serve: what a data path begins with. */
  public static Snapshot empty() {
    return EMPTY;
  }

  public RoutingModel model() {
    return model;
  }

  public Settings settings() {
    return model.settings();
  }

  /**
   * The listener of this name; null if the model no longer has it, while connections of it live.
   */
  public @Nullable ServedListener listener(String name) {
    return only != null ? only : listeners.get(name);
  }

  /** Whether messages pass unchanged: nothing is added to them, and no path is normalised. */
  public boolean isTransparent() {
    return only != null;
  }

  /** All listeners by name, former names of sockets that live on included. */
  public Map<String, ServedListener> listeners() {
    return listeners;
  }

  public SortedMap<String, RouteTable> routeTables() {
    return routeTables;
  }

  public SortedMap<String, Cluster> clusters() {
    return clusters;
  }

  /** Value of the {@code server} response field in bytes; not to be written to. */
  public byte[] serverName() {
    return serverName;
  }

  /** 0 before the first model. */
  public long version() {
    return version;
  }

  /** Who may come in at all. */
  public AddressRules addressRules() {
    return addressRules;
  }
}
