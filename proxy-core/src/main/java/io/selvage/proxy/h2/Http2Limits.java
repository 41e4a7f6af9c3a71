// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.proxy.http.Limits;
import java.time.Duration;

/**
 * Bounds of one HTTP/2 connection: those of {@link Limits} that concern it and a few that only the
 * frame layer knows.
 *
 * @param streamWindow bytes a peer may send on a stream before we consumed them; 64 KiB keeps 100
 *     stalled uploads at 6.4 MiB
 * @param connectionWindow the same for the connection; 1 MiB
 * @param queueHigh bytes waiting for the peer's window at which a stream asks its sender to pause
 * @param queueLow bytes at which the sender may go on
 * @param connectionQueue bytes waiting on all streams at which all senders pause: what a peer with
 *     a zero window can make us hold
 * @param maxResets RST_STREAM frames, received or provoked, before GOAWAY: rapid reset
 *     (CVE-2023-44487) and MadeYouReset (CVE-2025-8671)
 * @param resetPeriod time in which they are counted
 * @param maxContinuations CONTINUATION frames of one header block (CVE-2024-27316); two are enough
 *     for 16 KiB
 * @param maxEmptyData consecutive DATA frames without data that do not end a stream
 * @param maxControlPerSecond PING, SETTINGS and PRIORITY frames in a second; a PING that follows
 *     HEADERS or DATA is free, because gRPC measures its bandwidth so
 * @param windowUpdatesPerFrame WINDOW_UPDATE frames allowed for each DATA or HEADERS frame we sent
 *     or received; legitimate receivers send at most two
 * @param frameTimeout from the first byte of the preface, a frame or a header block to its end
 * @param settingsAck time for the peer to acknowledge our SETTINGS
 * @param linger after the last GOAWAY input is read and dropped this long, so that a reset does not
 *     overtake what we said
 * @param writeStall longest time data may wait for the peer's window without any progress
 * @param pingInterval PING on an upstream connection with open streams that was silent this long
 * @param pingTimeout time for its acknowledgement
 */
record Http2Limits(
    int streamWindow,
    int connectionWindow,
    int queueHigh,
    int queueLow,
    int connectionQueue,
    int maxResets,
    Duration resetPeriod,
    int maxContinuations,
    int maxEmptyData,
    int maxControlPerSecond,
    int windowUpdatesPerFrame,
    Duration frameTimeout,
    Duration settingsAck,
    Duration linger,
    Duration writeStall,
    Duration pingInterval,
    Duration pingTimeout) {

  /** The listener's limits, with our own for what they do not name. */
  static Http2Limits of(Limits limits) {
    Limits.Http2 h = limits.http2();
    return new Http2Limits(
        h.streamWindowBytes(),
        h.connectionWindowBytes(),
        limits.connection().bufferHighBytes(),
        limits.connection().bufferLowBytes(),
        1024 * 1024,
        h.resetsPerWindow(),
        Duration.ofMillis(h.resetWindowMillis()),
        h.smallContinuations(),
        h.emptyDataFrames(),
        h.controlFramesPerSecond(),
        10,
        Duration.ofMillis(limits.request().headerTimeoutMillis()),
        Duration.ofMillis(limits.request().headerTimeoutMillis()),
        Duration.ofMillis(limits.connection().lingerMillis()),
        Duration.ofMillis(limits.request().bodyIdleMillis()),
        Duration.ofSeconds(10),
        Duration.ofSeconds(3));
  }

  /** The same with other keep-alive times, for endpoints that are to be noticed gone sooner. */
  Http2Limits withPing(Duration interval, Duration timeout) {
    return new Http2Limits(
        streamWindow,
        connectionWindow,
        queueHigh,
        queueLow,
        connectionQueue,
        maxResets,
        resetPeriod,
        maxContinuations,
        maxEmptyData,
        maxControlPerSecond,
        windowUpdatesPerFrame,
        frameTimeout,
        settingsAck,
        linger,
        writeStall,
        interval,
        timeout);
  }
}
