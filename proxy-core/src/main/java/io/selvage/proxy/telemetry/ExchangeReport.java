// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import io.selvage.model.routing.RouteSpec;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What is known about one exchange. Filled by the Exchange as it goes; fields are plain because one
 * event loop owns them. Reused for the next exchange of the same connection.
 */
public final class ExchangeReport {
  public @Nullable ConnectionInfo connection;

  /** Null only if the request was refused before it could be parsed. */
  public @Nullable RequestHead request;

  /** First line as received, only for rejected requests; untrusted. */
  public @Nullable String rawRequestLine;

  public @Nullable Rejection rejection;
  public @Nullable RouteSpec route;

  /** Index of the chosen target in the route. */
  public int target;

  /** Metric label of the cluster; null when none was chosen. */
  public @Nullable String clusterStatsName;

  /** Address and port of the endpoint of the last attempt; null when none was tried. */
  public @Nullable String endpoint;

  /** The same as an address; null when none was tried. */
  public @Nullable InetSocketAddress upstreamAddress;

  /** SPIFFE id that endpoint had to prove before anything was sent; empty = outside the mesh. */
  public String upstreamIdentity = "";

  /**
   * Whether a connection to that endpoint was there, its handshake included. If not, nothing was
   * sent and nothing was proved.
   */
  public boolean upstreamConnected;

  /** Path and query as sent upstream; null when not sent. */
  public @Nullable String upstreamPath;

  /** Client address after trusted X-Forwarded-For hops. */
  public @Nullable String clientAddress;

  public @Nullable String requestId;

  /** A tracer's own span for this exchange. */
  public @Nullable Object span;

  public Outcome outcome = Outcome.INTERNAL;

  /** Status sent to the client; 0 when none was sent. */
  public int status;

  /** Status of the last attempt; 0 when it had none. */
  public int upstreamStatus;

  /** grpc-status of the response; -1 when there was none. */
  public int grpcStatus = -1;

  /** Attempts made upstream. */
  public int attempts;

  /** Body bytes, without framing. */
  public long requestBytes;

  public long responseBytes;

  /** {@link System#nanoTime()} when the head was complete. */
  public long startNanos;

  /** Wall clock at the start, milliseconds since 1970. */
  public long startMillis;

  /** nanoTime of the last attempt's response head; 0 when none came. */
  public long upstreamHeadNanos;

  /** nanoTime when the last attempt was begun; 0 when none was. */
  public long upstreamStartNanos;

  public long endNanos;

  /** Upgrade token of an established tunnel. */
  public @Nullable String tunnel;

  /** Makes the report ready for another exchange. */
  public void clear() {
    connection = null;
    request = null;
    rawRequestLine = null;
    rejection = null;
    route = null;
    target = 0;
    clusterStatsName = null;
    endpoint = null;
    upstreamAddress = null;
    upstreamIdentity = "";
    upstreamConnected = false;
    upstreamPath = null;
    clientAddress = null;
    requestId = null;
    span = null;
    outcome = Outcome.INTERNAL;
    status = 0;
    upstreamStatus = 0;
    grpcStatus = -1;
    attempts = 0;
    requestBytes = 0;
    responseBytes = 0;
    startNanos = 0;
    startMillis = 0;
    upstreamHeadNanos = 0;
    upstreamStartNanos = 0;
    endNanos = 0;
    tunnel = null;
  }
}
