// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.selvage.model.routing.TcpRoute;
import io.selvage.proxy.telemetry.Outcome;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What became of one raw connection.
 *
 * @param client who connected
 * @param route the route that took it
 * @param clusterStatsName metric label of the cluster; null when none was found
 * @param endpoint address and port of the last attempt; null when there was none
 * @param endpointAddress the same as an address
 * @param endpointIdentity SPIFFE id that endpoint had to prove; empty = outside the mesh
 * @param connected whether that endpoint was reached: {@link TcpObserver#onConnected} was called
 * @param outcome TUNNEL_CLOSED when it ended after it was established, otherwise why it was not
 * @param attempts endpoints tried
 * @param bytesFromClient as the client sent them, TLS included where it was passed through
 * @param bytesToClient as the client got them
 * @param startMillis wall clock, milliseconds since 1970
 * @param nanos from accept to the end
 */
public record TcpReport(
    TcpClient client,
    TcpRoute route,
    @Nullable String clusterStatsName,
    @Nullable String endpoint,
    @Nullable InetSocketAddress endpointAddress,
    String endpointIdentity,
    boolean connected,
    Outcome outcome,
    int attempts,
    long bytesFromClient,
    long bytesToClient,
    long startMillis,
    long nanos) {

  /** Of an endpoint outside the mesh that was not reached. */
  public TcpReport(
      TcpClient client,
      TcpRoute route,
      @Nullable String clusterStatsName,
      @Nullable String endpoint,
      Outcome outcome,
      int attempts,
      long bytesFromClient,
      long bytesToClient,
      long startMillis,
      long nanos) {
    this(
        client,
        route,
        clusterStatsName,
        endpoint,
        null,
        "",
        false,
        outcome,
        attempts,
        bytesFromClient,
        bytesToClient,
        startMillis,
        nanos);
  }
}
