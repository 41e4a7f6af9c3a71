// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.proxy.route.ClusterLookup;
import io.selvage.proxy.route.RouteTable;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.upstream.Cluster;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a request is looked up in: a model with its compiled route tables and clusters.
 *
 * @param tables by name; made from the model
 */
public record ServedTables(
    RoutingModel model, Map<String, RouteTable> tables, ClusterLookup clusters) {
  public ServedTables {
    tables = Map.copyOf(tables);
  }

  /**
   * Compiles a model as the data path would, without opening a socket.
   *
   * @param endpoints by key, as compiled beside the model
   */
  public static ServedTables compile(RoutingModel model, Map<String, EndpointSet> endpoints) {
    var clusters = new HashMap<String, Cluster>();
    for (ClusterSpec spec : model.clusters().values()) {
      Cluster cluster = Cluster.create(spec, 1);
      if (spec.endpoints() instanceof ClusterSpec.EndpointSource.Set(String key)) {
        cluster.updateEndpoints(endpoints.getOrDefault(key, EndpointSet.empty(key)));
      }
      clusters.put(spec.name(), cluster);
    }
    var tables = new HashMap<String, RouteTable>();
    for (RouteTableSpec spec : model.routeTables().values()) {
      tables.put(spec.name(), RouteTable.compile(spec, clusters::get, null));
    }
    return new ServedTables(model, tables, clusters::get);
  }

  /** What a running data path serves at the moment, with the live state of its endpoints. */
  public static ServedTables of(Snapshot snapshot) {
    return new ServedTables(snapshot.model(), snapshot.routeTables(), snapshot.clusters()::get);
  }

  @Nullable RouteTable table(String name) {
    return tables.get(name);
  }
}
