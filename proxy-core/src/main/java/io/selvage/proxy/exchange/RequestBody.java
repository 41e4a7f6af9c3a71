// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.selvage.proxy.http.HeaderBlock;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The part of a request body that an attempt still needs or another attempt may need again: kept as
 * retained slices, never copied. Beyond a bound it can be sent once only.
 */
final class RequestBody {
  private final int replayLimit;
  private final ArrayDeque<ByteBuf> kept = new ArrayDeque<>(2);
  private int keptBytes;
  private boolean replayable = true;
  private boolean ended;
  private boolean sent;
  private @Nullable HeaderBlock trailers;

  RequestBody(int replayLimit, boolean ended) {
    this.replayLimit = replayLimit;
    this.ended = ended;
  }

  /** True once the last byte (and trailer) has arrived. */
  boolean isEnded() {
    return ended;
  }

  /** True if everything that has arrived could be sent again. */
  boolean isReplayable() {
    return replayable;
  }

  boolean hasTrailers() {
    return trailers != null;
  }

  /** True if no byte of it has been handed to any attempt: then its size does not matter. */
  boolean isNothingSent() {
    return !sent;
  }

  /** Bytes that are kept. */
  int keptBytes() {
    return keptBytes;
  }

  /** Takes what arrived while no attempt could send it; keeps it whatever its size. */
  void hold(ByteBuf data, boolean end) {
    keep(data);
    ended |= end;
    if (keptBytes > replayLimit) {
      replayable = false;
    }
  }

  /** Notes what is about to be sent; keeps a slice if another attempt may need it. */
  void sending(ByteBuf data, boolean end) {
    sent = true;
    ended |= end;
    if (!replayable) {
      return;
    }
    if (keptBytes + data.readableBytes() > replayLimit) {
      giveUpReplay();
    } else {
      keep(data.retainedSlice());
    }
  }

  void trailers(HeaderBlock fields) {
    // The codec reuses its block; ours may have to wait for a connection.
    var copy = new HeaderBlock(Math.max(64, fields.length()), Math.max(4, fields.count()));
    for (int i = 0; i < fields.count(); i++) {
      if (!fields.isDropped(i)) {
        copy.add(
            fields.array(),
            fields.nameStart(i),
            fields.nameEnd(i),
            fields.array(),
            fields.valueStart(i),
            fields.valueEnd(i));
      }
    }
    trailers = copy;
    ended = true;
  }

  /** Sends all that is kept; it stays kept only if it could be needed again. */
  void replay(UpstreamStream stream) {
    sent |= !kept.isEmpty();
    int left = kept.size();
    boolean finish = ended && trailers == null;
    for (ByteBuf data : kept) {
      left--;
      stream.sendData(data.retainedSlice(), finish && left == 0);
    }
    if (kept.isEmpty() && finish) {
      stream.sendData(io.netty.buffer.Unpooled.EMPTY_BUFFER, true);
    }
    if (trailers != null) {
      stream.sendTrailers(trailers);
    }
    if (!replayable) {
      release();
    }
  }

  /** No other attempt will be made. */
  void giveUpReplay() {
    replayable = false;
    release();
  }

  void release() {
    ByteBuf data;
    while ((data = kept.poll()) != null) {
      data.release();
    }
    keptBytes = 0;
  }

  private void keep(ByteBuf data) {
    if (data.isReadable()) {
      kept.add(data);
      keptBytes += data.readableBytes();
    } else {
      data.release();
    }
  }
}
