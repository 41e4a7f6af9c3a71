// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import io.selvage.proxy.telemetry.ByteCount;
import io.selvage.proxy.transport.EventLoops;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Tells the recorder of connections that carry exchanges: that they are open, and once a second
 * what has gone over them. Each is opened and closed on its own event loop.
 */
public final class ConnectionFlows {
  private static final long TELL_MILLIS = 1_000;

  private final TrafficRecorder recorder;
  private final FastThreadLocal<Map<ByteCount, Open>> open =
      new FastThreadLocal<>() {
        @Override
        protected Map<ByteCount, Open> initialValue() {
          return new IdentityHashMap<>();
        }
      };

  /** A connection and what has been told of it. */
  private static final class Open {
    private final ByteCount bytes;
    private final TrafficRecorder.Flow flow;
    private long read;
    private long written;

    Open(ByteCount bytes, TrafficRecorder.Flow flow) {
      this.bytes = bytes;
      this.flow = flow;
    }

    void tell() {
      long moreRead = bytes.read() - read;
      long moreWritten = bytes.written() - written;
      if (moreRead > 0 || moreWritten > 0) {
        flow.transferred(moreRead, moreWritten);
        read += moreRead;
        written += moreWritten;
      }
    }
  }

  public ConnectionFlows(TrafficRecorder recorder) {
    this.recorder = recorder;
  }

  /** Begins to tell the bytes of open connections regularly. */
  public void start(EventLoops loops) {
    for (EventExecutor loop : loops.workers()) {
      loop.scheduleAtFixedRate(
          () -> open.get().values().forEach(Open::tell),
          TELL_MILLIS,
          TELL_MILLIS,
          TimeUnit.MILLISECONDS);
    }
  }

  /**
   * A connection is there.
   *
   * @param bytes what goes over it; stands for the connection
   */
  public void opened(ByteCount bytes, EdgeKey key) {
    open.get().put(bytes, new Open(bytes, recorder.open(key)));
  }

  /** It is closed; nothing happens if it was never opened. */
  public void closed(ByteCount bytes) {
    Open last = open.get().remove(bytes);
    if (last != null) {
      last.tell();
      last.flow.close();
    }
  }
}
