// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Edge;
import io.selvage.model.mesh.TrafficReport.Security;
import java.util.List;

/** Makes entries of reports, a word at a time. */
public final class EdgeOf {
  private final Direction direction;
  private final String peer;
  private String identity = "";
  private String service = "";
  private String route = "";
  private Security security = Security.SECURED;
  private boolean denied;
  private long requests;
  private long successes;
  private List<Long> latency = List.of();
  private long opened;
  private long open;
  private long received;
  private long sent;

  private EdgeOf(Direction direction, String peer) {
    this.direction = direction;
    this.peer = peer;
  }

  public static EdgeOf from(String peer) {
    return new EdgeOf(Direction.INBOUND, peer);
  }

  public static EdgeOf to(String peer) {
    return new EdgeOf(Direction.OUTBOUND, peer);
  }

  public EdgeOf as(String account) {
    identity = account.isEmpty() ? "" : MeshWorld.id(account);
    return this;
  }

  public EdgeOf service(String label) {
    service = label;
    return this;
  }

  public EdgeOf route(String name) {
    route = name;
    return this;
  }

  public EdgeOf unsecured(Security reason) {
    security = reason;
    return this;
  }

  public EdgeOf denied() {
    denied = true;
    return this;
  }

  public EdgeOf requests(long all, long good) {
    requests = all;
    successes = good;
    return this;
  }

  public EdgeOf latency(int bucket, long count) {
    latency = MeshWorld.latency(bucket, count);
    return this;
  }

  public EdgeOf latencies(List<Long> counts) {
    latency = counts;
    return this;
  }

  public EdgeOf opened(long count, long now) {
    opened = count;
    open = now;
    return this;
  }

  public EdgeOf bytes(long in, long out) {
    received = in;
    sent = out;
    return this;
  }

  public Edge edge() {
    return new Edge(
        direction, peer, 8080, identity, service, route, security, denied, requests, successes,
        latency, opened, open, received, sent);
  }
}
