// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.mesh;

import io.selvage.mesh.traffic.ConnectionFlows;
import io.selvage.mesh.traffic.EdgeKey;
import io.selvage.mesh.traffic.TrafficRecorder;
import io.selvage.proxy.telemetry.ByteCount;
import io.selvage.proxy.telemetry.ExchangeObserver;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.upstream.Endpoint;

/**
 * Tells the recorder of the gateway's exchanges, by endpoint, Service and route, and of the
 * connections they share, by endpoint and Service.
 */
final class GatewayExchanges implements ExchangeObserver {
  private final GatewayEdges edges;
  private final ExchangeObserver requests;
  private final ConnectionFlows flows;

  GatewayExchanges(GatewayEdges edges, TrafficRecorder recorder, ConnectionFlows flows) {
    this.edges = edges;
    this.requests = recorder.exchanges(edges::of);
    this.flows = flows;
  }

  @Override
  public void onUpstreamOpened(Endpoint endpoint, ByteCount bytes) {
    EdgeKey key = edges.of(endpoint);
    if (key != null) {
      flows.opened(bytes, key);
    }
  }

  @Override
  public void onUpstreamClosed(Endpoint endpoint, ByteCount bytes) {
    flows.closed(bytes);
  }

  @Override
  public void onEnd(ExchangeReport report) {
    requests.onEnd(report);
  }
}
