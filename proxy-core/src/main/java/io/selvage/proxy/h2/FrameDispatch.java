// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.netty.buffer.ByteBuf;

/**
 * Brings frames to the streams, the settings and the role they are for, and judges them by what
 * streams there are (RFC 9113 sections 5 and 6). Confined to the connection's event loop.
 */
final class FrameDispatch implements FrameSink {
  private final Http2Connection connection;
  private final Http2Role role;
  private final FloodGuard flood;
  private final SendSchedule schedule;

  FrameDispatch(Http2Connection connection, Http2Role role) {
    this.connection = connection;
    this.role = role;
    this.flood = connection.flood();
    this.schedule = connection.schedule();
  }

  @Override
  public void onData(int streamId, ByteBuf data, int padding, boolean end) throws Http2Violation {
    int bytes = data.readableBytes() + padding;
    Http2Stream stream = connection.stream(streamId);
    boolean owned = true;
    try {
      flood.onData(!data.isReadable() && !end);
      if (!connection.received(bytes)) {
        throw Http2Violation.connection(Http2.FLOW_CONTROL_ERROR, "connection_window_exceeded");
      }
      if (stream == null || stream.isRemoteEnded()) {
        connection.consumed(bytes);
        connection.requireKnownReset(streamId, stream);
        return;
      }
      if (bytes > 0) {
        flood.onWork(bytes);
      }
      owned = false;
      stream.receive(data, padding, end);
    } finally {
      if (owned) {
        data.release();
      }
    }
  }

  @Override
  public void onHeaders(int streamId, byte[] block, int length, boolean end) throws Http2Violation {
    flood.onWork(0);
    role.onHeaders(streamId, connection.stream(streamId), block, length, end);
  }

  @Override
  public void onIgnorable(int type) throws Http2Violation {
    flood.onControl(connection.now());
  }

  @Override
  public void onReset(int streamId, int code) throws Http2Violation {
    flood.onReset(connection.now());
    Http2Stream stream = connection.stream(streamId);
    if (stream == null) {
      if (!role.wasOpened(streamId)) {
        throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "stream_idle");
      }
      return;
    }
    stream.die(code, StreamEvents.Cause.PEER_RESET);
  }

  @Override
  public void onSetting(int id, long value) throws Http2Violation {
    connection.peer().set(id, value);
  }

  @Override
  public void onSettingsEnd() throws Http2Violation {
    flood.onControl(connection.now());
    connection.encoder().setPeerTableSize(connection.peer().tableSize());
    changeWindows(connection.peer().applyWindow());
    connection.writer().settingsAck();
    connection.requestFlush();
    role.onPeerSettings();
    schedule.pump();
  }

  private void changeWindows(long delta) throws Http2Violation {
    if (delta == 0) {
      return;
    }
    boolean ok = true;
    for (Http2Stream s : connection.streams()) {
      ok &= s.adjustSendWindow(delta);
      schedule.add(s);
    }
    if (!ok) {
      throw Http2Violation.connection(Http2.FLOW_CONTROL_ERROR, "window_overflow");
    }
  }

  @Override
  public void onSettingsAck() throws Http2Violation {
    flood.onControl(connection.now());
    connection.onSettingsAcked();
  }

  @Override
  public void onPing(long data, boolean ack) throws Http2Violation {
    flood.onPing(connection.now());
    if (!ack) {
      connection.writer().ping(data, true);
      connection.requestFlush();
    } else if (!connection.takesPing(data)) {
      role.onPingAck(data);
    }
  }

  @Override
  public void onGoAway(int lastStreamId, int code) throws Http2Violation {
    flood.onControl(connection.now());
    role.onGoAway(lastStreamId, code);
  }

  @Override
  public void onWindowUpdate(int streamId, int increment) throws Http2Violation {
    flood.onWindowUpdate();
    if (streamId == 0) {
      schedule.open(increment);
      return;
    }
    Http2Stream stream = connection.stream(streamId);
    if (stream == null) {
      if (!role.wasOpened(streamId)) {
        throw Http2Violation.connection(Http2.PROTOCOL_ERROR, "stream_idle");
      }
      return;
    }
    if (!stream.adjustSendWindow(increment)) {
      throw Http2Violation.stream(streamId, Http2.FLOW_CONTROL_ERROR, "window_overflow");
    }
    schedule.add(stream);
    schedule.pump();
  }

  @Override
  public void onStreamViolation(Http2Violation violation) throws Http2Violation {
    int id = violation.streamId();
    Http2Stream stream = connection.stream(id);
    if (stream == null && !role.wasOpened(id)) {
      // RST_STREAM must not be sent for an idle stream.
      throw Http2Violation.connection(violation.code(), violation.reason());
    }
    flood.onReset(connection.now());
    connection.writeReset(id, violation.code());
    if (stream != null) {
      stream.die(violation.code(), StreamEvents.Cause.VIOLATION);
    }
  }
}
