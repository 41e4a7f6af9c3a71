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

  private SidecarLimits() {}

  /** What a sidecar starts with. */
  public static Limits limits() {
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
                connection.perListener(),
                connection.global(),
                0, // connections end when an application ends them
                connection.bufferLowBytes(),
                connection.bufferHighBytes(),
                connection.lingerMillis()));
  }
}
