// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.process;

import io.selvage.proxy.http.Limits;
import java.util.concurrent.TimeUnit;

/**
 * The bounds of a sidecar: those of the data path, but for what is the application's business and
 * not that of the proxy beside it.
 */
public final class SidecarLimits {
  /** Applications differ in how long a URL they take; the longest usual default is 32 KiB. */
  private static final int LINE_BYTES = 32 * 1024;

  /** A stream may be silent for as long as both applications like. */
  private static final long BODY_IDLE_MILLIS = TimeUnit.DAYS.toMillis(7);

  /**
   * Resets within the usual window of 30 s. All streams of an application to a peer share one
   * connection between proxies, where many calls cancelled are many clients, not a flood.
   */
  private static final int RESETS = 3_000;

  /** What a sidecar keeps on its heap without connections, with a little to breathe, in bytes. */
  private static final long RESERVED_BYTES = 8L * 1024 * 1024;

  /**
   * Heap of a connection with what it leads to, in bytes: a silent one takes 3 KiB, one that waits
   * between requests 6, one in the middle of a request's head 10.
   */
  private static final long CONNECTION_BYTES = 12 * 1024;

  private SidecarLimits() {}

  /** What a sidecar starts with. */
  public static Limits limits() {
    return limits(Runtime.getRuntime().maxMemory());
  }

  /**
   * As many connections as the heap holds, or whoever opens more ends the process. One listener
   * leaves a quarter of them to the others: who floods a pod does not keep it from asking.
   *
   * @param heapBytes largest size of the heap
   */
  static Limits limits(long heapBytes) {
    int connections =
        Math.clamp((heapBytes - RESERVED_BYTES) / CONNECTION_BYTES, 4, Integer.MAX_VALUE);
    Limits base = Limits.DEFAULT;
    Limits.Request request = base.request();
    Limits.Connection connection = base.connection();
    Limits.Http2 http2 = base.http2();
    return base.withHttp2(
            new Limits.Http2(
                http2.streamWindowBytes(),
                http2.connectionWindowBytes(),
                RESETS,
                http2.resetWindowMillis(),
                http2.smallContinuations(),
                http2.emptyDataFrames(),
                http2.controlFramesPerSecond()))
        .withRequest(
            new Limits.Request(
                LINE_BYTES,
                request.headerBytes(),
                request.headerCount(),
                request.chunkLineBytes(),
                request.trailerBytes(),
                request.headerTimeoutMillis(),
                BODY_IDLE_MILLIS,
                0))
        .withConnection(
            new Limits.Connection(
                Math.min(connection.perListener(), connections - connections / 4),
                connections,
                0, // connections end when an application ends them
                connection.bufferLowBytes(),
                connection.bufferHighBytes(),
                connection.lingerMillis()));
  }
}
