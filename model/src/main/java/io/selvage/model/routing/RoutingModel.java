// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Everything the data path runs at one moment, except endpoints, which have a lane of their own
 * ({@link EndpointSet}).
 *
 * @param listeners what to bind, by name
 * @param routeTables virtual hosts by table name; several listeners may share one
 * @param clusters upstream groups by name
 * @param settings process-wide behaviour
 */
public record RoutingModel(
    List<ListenerSpec> listeners,
    SortedMap<String, RouteTableSpec> routeTables,
    SortedMap<String, ClusterSpec> clusters,
    Settings settings) {
  public RoutingModel {
    listeners = List.copyOf(listeners);
    routeTables = sorted(routeTables);
    clusters = sorted(clusters);
    requireNonNull(settings, "settings");
  }

  /** Nothing to serve. */
  public static RoutingModel empty() {
    return new RoutingModel(List.of(), new TreeMap<>(), new TreeMap<>(), Settings.defaults());
  }

  private static <V> SortedMap<String, V> sorted(Map<String, V> map) {
    return java.util.Collections.unmodifiableSortedMap(new TreeMap<>(map));
  }
}
