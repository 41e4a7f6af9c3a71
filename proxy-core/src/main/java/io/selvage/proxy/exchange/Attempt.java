// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.pool.PendingStream;
import io.selvage.proxy.upstream.Endpoint;
import org.jspecify.annotations.Nullable;

/**
 * One try at one endpoint. Stands between the upstream codec and the exchange so that what comes
 * from a try that was given up reaches nobody, and so that the endpoint is told of start, result
 * and end exactly once each.
 */
final class Attempt implements ResponseSink {
  private final Forwarding forwarding;
  private final Endpoint endpoint;
  private final String authority;
  private final long startNanos;
  private @Nullable UpstreamStream stream;
  private @Nullable PendingStream pending;
  private boolean judged;
  private boolean over;

  Attempt(Forwarding forwarding, Endpoint endpoint, String authority, long startNanos) {
    this.forwarding = forwarding;
    this.endpoint = endpoint;
    this.authority = authority;
    this.startNanos = startNanos;
    endpoint.onStart();
  }

  Endpoint endpoint() {
    return endpoint;
  }

  /** Host as the endpoint sees it. */
  String authority() {
    return authority;
  }

  /** Null until a connection is there, and after the end. */
  @Nullable UpstreamStream stream() {
    return stream;
  }

  boolean isOver() {
    return over;
  }

  void waiting(@Nullable PendingStream place) {
    if (!over && stream == null) {
      pending = place;
    }
  }

  /** Tells the endpoint how it did; the first verdict counts. */
  void judge(Endpoint.Result result, long nowNanos) {
    if (!judged) {
      judged = true;
      endpoint.onResult(nowNanos - startNanos, result);
    }
  }

  /** The try has ended by itself. */
  void finish() {
    if (!over) {
      over = true;
      stream = null;
      pending = null;
      endpoint.onEnd();
    }
  }

  /** Gives the try up. */
  void cancel(Endpoint.Result result, long nowNanos) {
    if (over) {
      return;
    }
    judge(result, nowNanos);
    UpstreamStream running = stream;
    PendingStream place = pending;
    finish();
    if (running != null) {
      running.cancel();
    } else if (place != null) {
      place.cancel();
    }
  }

  /** The body that follows is not wanted; what has ended already leaves its connection whole. */
  void cancelUnless(boolean ended, long nowNanos) {
    if (ended) {
      finish();
    } else {
      cancel(Endpoint.Result.CANCELLED, nowNanos);
    }
  }

  @Override
  public void onStream(UpstreamStream ready) {
    if (over) {
      ready.cancel();
      return;
    }
    pending = null;
    stream = ready;
    forwarding.onStream(this, ready);
  }

  @Override
  public void onInformational(ResponseHead head) {
    if (!over) {
      forwarding.onInformational(head);
    }
  }

  @Override
  public void onHead(ResponseHead head, boolean end) {
    if (!over) {
      forwarding.onHead(this, head, end);
    }
  }

  @Override
  public void onData(ByteBuf data, boolean end) {
    if (over) {
      data.release();
    } else {
      forwarding.onResponseData(this, data, end);
    }
  }

  @Override
  public void onTrailers(HeaderBlock trailers) {
    if (!over) {
      forwarding.onResponseTrailers(this, trailers);
    }
  }

  @Override
  public void onFailed(UpstreamFailure failure) {
    if (!over) {
      forwarding.onFailed(this, failure);
    }
  }

  @Override
  public void onWritabilityChanged(boolean writable) {
    if (!over) {
      forwarding.onUpstreamWritable(writable);
    }
  }

  @Override
  public void onReadComplete() {
    if (!over) {
      forwarding.flushResponse();
    }
  }
}
