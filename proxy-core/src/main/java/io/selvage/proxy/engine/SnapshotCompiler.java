// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.selvage.model.Problem;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.proxy.route.RouteTable;
import io.selvage.proxy.snapshot.ServedListener;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.upstream.Cluster;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Compiles a model against the snapshot before it: whatever is equal is taken over as the very same
 * object, with its connections, balancer state and statistics. Pure but for the clusters it
 * creates.
 */
final class SnapshotCompiler {
  /** What was compiled, and what could not be. */
  record Compiled(Snapshot snapshot, List<Cluster> created, List<Problem> problems) {}

  private SnapshotCompiler() {}

  /**
   * @param newCluster makes a cluster and gives it its endpoints
   */
  static Compiled compile(
      RoutingModel model, Snapshot previous, Function<ClusterSpec, Cluster> newCluster) {
    var created = new ArrayList<Cluster>();
    SortedMap<String, Cluster> clusters = new TreeMap<>();
    for (ClusterSpec spec : model.clusters().values()) {
      Cluster old = previous.clusters().get(spec.name());
      if (old != null && old.spec().equals(spec)) {
        clusters.put(spec.name(), old);
      } else {
        Cluster cluster = newCluster.apply(spec);
        created.add(cluster);
        clusters.put(spec.name(), cluster);
      }
    }
    var problems = new ArrayList<Problem>();
    SortedMap<String, RouteTable> tables = new TreeMap<>();
    for (RouteTableSpec spec : model.routeTables().values()) {
      RouteTable table =
          RouteTable.compile(spec, clusters::get, previous.routeTables().get(spec.name()));
      tables.put(spec.name(), table);
      problems.addAll(table.problems());
    }
    Map<String, ServedListener> listeners = new HashMap<>();
    for (ListenerSpec spec : model.listeners()) {
      listeners.put(spec.name(), new ServedListener(spec, tables.get(spec.routeTable())));
    }
    keepRenamed(model, previous, listeners);
    var snapshot = new Snapshot(model, listeners, tables, clusters, previous.version() + 1);
    return new Compiled(snapshot, created, problems);
  }

  /**
   * Connections know their listener by the name it had when they were accepted. A socket that lives
   * on under a new name goes on serving them.
   */
  private static void keepRenamed(
      RoutingModel model, Snapshot previous, Map<String, ServedListener> listeners) {
    previous
        .listeners()
        .forEach((name, old) -> {
          if (listeners.containsKey(name)) {
            return;
          }
          for (ListenerSpec spec : model.listeners()) {
            ServedListener now = listeners.get(spec.name());
            if (now != null
                && spec.port() != 0
                && spec.port() == old.spec().port()
                && spec.address().equals(old.spec().address())) {
              listeners.put(name, now);
              return;
            }
          }
        });
  }
}
