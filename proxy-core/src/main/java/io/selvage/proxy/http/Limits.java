// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

import static java.util.Objects.requireNonNull;

/**
 * Every bound of the data path that is not part of the routing model: one reviewed list, with unit
 * and reason. Beyond a bound the peer gets the named answer; nothing grows without one.
 *
 * @param request what a request head and body may cost
 * @param http2 what a peer may do on an HTTP/2 connection
 * @param connection how many connections, how long, and how much they may buffer
 * @param handshake what may happen before the first byte of HTTP
 * @param upstream waits and buffers towards endpoints
 * @param exchange what all exchanges of the process together may cost
 */
public record Limits(
    Request request,
    Http2 http2,
    Connection connection,
    Handshake handshake,
    Upstream upstream,
    Exchanges exchange) {

  /**
   * Request heads and bodies.
   *
   * @param lineBytes request line; 414 beyond
   * @param headerBytes all header fields together, the most Settings.maxRequestHeaderBytes may
   *     raise it to (16 KiB unless configured); 431 beyond
   * @param headerCount fields, cookie crumbs included (the HTTP/2 header bomb needs many); 431
   *     beyond
   * @param chunkLineBytes one chunk-size line with its extensions; 400 beyond
   * @param trailerBytes all trailers together; 431 beyond
   * @param headerTimeoutMillis from the first byte of a head to its end; 408 and close beyond
   * @param bodyIdleMillis longest pause while a body is expected; 408 and close beyond
   * @param bodyMinBytesPerSecond average a body must reach after its first {@code bodyIdleMillis}:
   *     a drip below it only holds resources
   */
  public record Request(
      int lineBytes,
      int headerBytes,
      int headerCount,
      int chunkLineBytes,
      int trailerBytes,
      long headerTimeoutMillis,
      long bodyIdleMillis,
      int bodyMinBytesPerSecond) {
    /** 8 KiB, 96 KiB, 100 fields, 10 s, 30 s, 240 B/s. */
    public static final Request DEFAULT =
        new Request(8 * 1024, 96 * 1024, 100, 256, 8 * 1024, 10_000, 30_000, 240);
  }

  /**
   * HTTP/2 peers, both sides. Breaking one ends the connection with GOAWAY ENHANCE_YOUR_CALM.
   *
   * @param streamWindowBytes initial window of a stream
   * @param connectionWindowBytes initial window of a connection
   * @param resetsPerWindow streams reset, by either side's doing, per {@code resetWindowMillis}
   *     (rapid reset, MadeYouReset)
   * @param resetWindowMillis length of that window
   * @param smallContinuations CONTINUATION frames of one header block that carry next to nothing
   * @param emptyDataFrames consecutive DATA frames without a byte and without END_STREAM
   * @param controlFramesPerSecond PING and SETTINGS together, each of which must be answered
   */
  public record Http2(
      int streamWindowBytes,
      int connectionWindowBytes,
      int resetsPerWindow,
      long resetWindowMillis,
      int smallContinuations,
      int emptyDataFrames,
      int controlFramesPerSecond) {
    /** 64 KiB, 1 MiB, 200 per 30 s, 16, 2, 100/s. */
    public static final Http2 DEFAULT = new Http2(64 * 1024, 1024 * 1024, 200, 30_000, 16, 2, 100);
  }

  /**
   * Client connections.
   *
   * @param perListener open connections of one listener; at it the one that has been silent longest
   *     makes room, and where there is none accepting stops until one closes
   * @param global open connections of the process; 0 = half of its file descriptors, because each
   *     may need a second one towards an endpoint
   * @param maxAgeMillis a connection is closed after the response that follows this age, give or
   *     take a tenth, so that load spreads after scaling out
   * @param bufferLowBytes queued bytes below which a paused sender goes on
   * @param bufferHighBytes queued bytes above which the other side is no longer read
   * @param lingerMillis after an answer that ends a connection with unread input: how long that
   *     input is read and dropped, so that a reset does not overtake the answer (RFC 9112 section
   *     9.6)
   */
  public record Connection(
      int perListener,
      int global,
      long maxAgeMillis,
      int bufferLowBytes,
      int bufferHighBytes,
      long lingerMillis) {
    /** 10,000; half the descriptors; 1 h; 32 KiB and 64 KiB; 2 s. */
    public static final Connection DEFAULT =
        new Connection(10_000, 0, 3_600_000, 32 * 1024, 64 * 1024, 2_000);
  }

  /**
   * Before the first byte of HTTP. Breaking one closes the connection.
   *
   * @param tlsMillis from accept (or the end of the PROXY header) to the end of the TLS handshake
   * @param clientHelloBytes a ClientHello's handshake message, whatever it claims (CVE-2026-45416)
   * @param proxyHeaderMillis from accept to the end of the PROXY protocol header
   * @param proxyHeaderBytes a version 2 header with all its TLVs; version 1 is bounded by its
   *     specification at 107
   */
  public record Handshake(
      long tlsMillis, int clientHelloBytes, long proxyHeaderMillis, int proxyHeaderBytes) {
    /** 10 s, 16 KiB, 5 s, 4 KiB. */
    public static final Handshake DEFAULT = new Handshake(10_000, 16 * 1024, 5_000, 4 * 1024);
  }

  /**
   * Towards endpoints.
   *
   * @param pendingMillis longest wait for a pooled connection; 503 beyond
   * @param retryBodyBytes request body kept for another attempt; a longer one is not repeated
   * @param headerBytes response head; 502 beyond
   * @param headerCount response fields; 502 beyond
   */
  public record Upstream(long pendingMillis, int retryBodyBytes, int headerBytes, int headerCount) {
    /** 1 s, 64 KiB, 64 KiB, 200. */
    public static final Upstream DEFAULT = new Upstream(1_000, 64 * 1024, 64 * 1024, 200);
  }

  /**
   * Exchanges of the whole process.
   *
   * @param inFlight exchanges at a time; 503 with Retry-After beyond: shedding early keeps the
   *     goodput of those that run
   * @param retryAfterSeconds what a shed client is told
   * @param shadowQueueBytes request body bytes waiting for one shadow; the copy is given up beyond
   * @param interimResponses 1xx responses to one request; 502 beyond
   */
  public record Exchanges(
      int inFlight, int retryAfterSeconds, int shadowQueueBytes, int interimResponses) {
    /** 20,000; 1 s; 64 KiB; 16. */
    public static final Exchanges DEFAULT = new Exchanges(20_000, 1, 64 * 1024, 16);
  }

  /** What an edge gateway starts with. */
  public static final Limits DEFAULT =
      new Limits(
          Request.DEFAULT,
          Http2.DEFAULT,
          Connection.DEFAULT,
          Handshake.DEFAULT,
          Upstream.DEFAULT,
          Exchanges.DEFAULT);

  /** The same with other bounds for request heads and bodies. */
  public Limits withRequest(Request newRequest) {
    return new Limits(newRequest, http2, connection, handshake, upstream, exchange);
  }

  /** The same with other bounds for HTTP/2. */
  public Limits withHttp2(Http2 newHttp2) {
    return new Limits(request, newHttp2, connection, handshake, upstream, exchange);
  }

  /** The same with other bounds for client connections. */
  public Limits withConnection(Connection newConnection) {
    return new Limits(request, http2, newConnection, handshake, upstream, exchange);
  }

  /** The same with other bounds towards endpoints. */
  public Limits withUpstream(Upstream newUpstream) {
    return new Limits(request, http2, connection, handshake, newUpstream, exchange);
  }

  /** The same with other bounds for all exchanges. */
  public Limits withExchange(Exchanges newExchange) {
    return new Limits(request, http2, connection, handshake, upstream, newExchange);
  }

  public Limits {
    requireNonNull(request, "request");
    requireNonNull(http2, "http2");
    requireNonNull(connection, "connection");
    requireNonNull(handshake, "handshake");
    requireNonNull(upstream, "upstream");
    requireNonNull(exchange, "exchange");
  }

  /** The same with other handshake bounds. */
  public Limits withHandshake(Handshake other) {
    return new Limits(request, http2, connection, other, upstream, exchange);
  }
}
