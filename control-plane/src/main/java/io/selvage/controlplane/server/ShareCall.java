// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.ReplicaHub;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.identity.workload.PeerVerdict;
import io.selvage.model.mesh.ReplicaRequest;
import io.selvage.model.wire.GrpcFrames;
import io.selvage.model.wire.ReplicaCodec;
import io.selvage.model.wire.WireException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One stream of {@code Replicas/Share}: bytes to messages and back. */
final class ShareCall implements ReplicaHub.Asking {
  /** Between two PINGs, and the time for the answer to one. */
  private static final long PING_MILLIS = 5_000;

  private final Vertx vertx;
  private final Context context;
  private final HttpServerRequest request;
  private final GrpcResponse response;
  private final GrpcFrames frames = new GrpcFrames();
  private ReplicaHub.@Nullable Telling telling;
  private long expiry = -1;
  private long pingTimer = -1;
  private boolean pinging;
  private boolean ended;

  ShareCall(Vertx vertx, HttpServerRequest request, GrpcResponse response) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.request = request;
    this.response = response;
  }

  /**
   * Lets the hub hear the stream, until the caller's certificate ends.
   *
   * @throws RpcException if the caller is no replica
   */
  void attach(ReplicaHub hub, PeerVerdict.Verified peer, Duration life) {
    ReplicaHub.Telling begun = hub.begin(peer.identity(), this);
    telling = begun;
    expiry =
        vertx.setTimer(
            Math.max(1, life.toMillis()),
            t -> finish(Status.UNAUTHENTICATED, "the certificate of this stream has ended"));
    pingTimer = vertx.setPeriodic(PING_MILLIS, t -> ping());
    request.response().putHeader(ReplicaHub.INSTANCE_FIELD, hub.instance());
    response.begin();
    request.handler(bytes -> read(bytes, begun));
    request.endHandler(v -> {
      closed();
      response.end();
    });
    request.exceptionHandler(e -> {
      response.gone();
      closed();
    });
    request
        .response()
        .closeHandler(v -> {
          response.gone();
          closed();
        });
  }

  /** One that has vanished without a word is not heard: what its proxies were is out of date. */
  private void ping() {
    if (pinging) {
      request.connection().close();
      return;
    }
    pinging = true;
    request.connection().ping(Buffer.buffer(new byte[8])).onSuccess(answer -> pinging = false);
  }

  private void read(Buffer bytes, ReplicaHub.Telling to) {
    if (ended) {
      return;
    }
    try {
      frames.read(
          bytes.getBytes(),
          0,
          bytes.length(),
          message -> {
            if (!ended) {
              ReplicaCodec.decode(message).ifPresent(to::onMessage);
            }
          });
    } catch (WireException e) {
      finish(Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    } catch (RpcException e) {
      finish(e.status(), e.text());
    }
  }

  @Override
  public void ask(ReplicaRequest asked) {
    byte[] message = ReplicaCodec.encode(asked);
    context.runOnContext(v -> {
      // Whoever does not read these does not send what they ask for either: they are few.
      if (!ended) {
        response.send(message);
      }
    });
  }

  @Override
  public void end(String why) {
    context.runOnContext(v -> finish(Status.UNAVAILABLE, why));
  }

  private void finish(Status status, String why) {
    if (!ended) {
      closed();
      response.end(status, why);
    }
  }

  private void closed() {
    if (!ended) {
      ended = true;
      vertx.cancelTimer(expiry);
      vertx.cancelTimer(pingTimer);
      ReplicaHub.Telling told = telling;
      if (told != null) {
        told.onClosed();
      }
    }
  }
}
