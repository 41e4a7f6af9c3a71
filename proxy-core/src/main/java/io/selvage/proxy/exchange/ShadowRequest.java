// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.selvage.model.routing.RouteAction;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.pool.PendingStream;
import io.selvage.proxy.time.Deadline;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Endpoint;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One copy of a request: sent as far as its endpoint keeps up, its response dropped. Given up
 * rather than let it hold more than a bounded number of body bytes, or run past the route's
 * timeout.
 */
final class ShadowRequest extends Deadline implements ResponseSink {
  /** When the route itself has no timeout: a copy must not stay for ever. */
  private static final long DEFAULT_TIMEOUT_MILLIS = 15_000;

  private final LoopState loop;
  private final RequestHead head;
  private final String path;
  private final String authority;
  private final int queueBytes;
  private final ArrayDeque<ByteBuf> queue = new ArrayDeque<>(2);
  private int queued;
  private boolean requestEnded;
  private boolean over;
  private @Nullable Endpoint endpoint;
  private @Nullable PendingStream pending;
  private @Nullable UpstreamStream stream;

  ShadowRequest(LoopState loop, RequestHead head, String path, String authority, int queueBytes) {
    this.loop = loop;
    this.head = head;
    this.path = path;
    this.authority = authority;
    this.queueBytes = queueBytes;
  }

  /** False if there is nobody to copy to. */
  boolean start(Cluster cluster, RouteAction.Forward route, boolean end) {
    Endpoint picked = cluster.pick(Cluster.NO_HASH, loop.index());
    if (picked == null) {
      return false;
    }
    requestEnded = end;
    endpoint = picked;
    picked.onStart();
    long millis = route.timeouts().requestMillis();
    loop.wheel().armMillis(this, millis > 0 ? millis : DEFAULT_TIMEOUT_MILLIS);
    PendingStream place = loop.pools().acquire(picked, route.priority(), authority, this);
    if (!over && stream == null) {
      pending = place;
    }
    return !over;
  }

  /** Does not take {@code data} over. */
  void onRequestData(ByteBuf data, boolean end) {
    if (over) {
      return;
    }
    requestEnded |= end;
    UpstreamStream up = stream;
    if (up != null && queue.isEmpty() && up.isWritable()) {
      up.sendData(data.retainedSlice(), end);
      return;
    }
    queued += data.readableBytes();
    if (queued > queueBytes) {
      cancel();
    } else {
      queue.add(data.retainedSlice());
    }
  }

  void flush() {
    if (!over && stream != null) {
      stream.flush();
    }
  }

  void cancel() {
    if (over) {
      return;
    }
    UpstreamStream up = stream;
    PendingStream place = pending;
    end();
    if (up != null) {
      up.cancel();
    } else if (place != null) {
      place.cancel();
    }
  }

  private void sendQueued(UpstreamStream up) {
    ByteBuf data;
    while (up.isWritable() && (data = queue.poll()) != null) {
      queued -= data.readableBytes();
      up.sendData(data, requestEnded && queue.isEmpty());
    }
    up.flush();
  }

  private void end() {
    if (over) {
      return;
    }
    over = true;
    stream = null;
    pending = null;
    loop.wheel().remove(this);
    ByteBuf data;
    while ((data = queue.poll()) != null) {
      data.release();
    }
    if (endpoint != null) {
      endpoint.onEnd();
    }
  }

  @Override
  protected void onDeadline() {
    cancel();
  }

  @Override
  public void onStream(UpstreamStream ready) {
    if (over) {
      ready.cancel();
      return;
    }
    pending = null;
    stream = ready;
    boolean end = requestEnded && queue.isEmpty() && !head.isBodyExpected();
    ready.sendHead(head, path, authority, end);
    if (requestEnded && queue.isEmpty() && !end) {
      queue.add(Unpooled.EMPTY_BUFFER);
    }
    sendQueued(ready);
  }

  @Override
  public void onInformational(ResponseHead interim) {}

  @Override
  public void onHead(ResponseHead response, boolean end) {
    if (end) {
      end();
    }
  }

  @Override
  public void onData(ByteBuf data, boolean end) {
    data.release();
    if (end) {
      end();
    }
  }

  @Override
  public void onTrailers(HeaderBlock trailers) {
    end();
  }

  @Override
  public void onFailed(UpstreamFailure failure) {
    end();
  }

  @Override
  public void onWritabilityChanged(boolean writable) {
    UpstreamStream up = stream;
    if (!over && writable && up != null) {
      sendQueued(up);
    }
  }

  @Override
  public void onReadComplete() {}
}
