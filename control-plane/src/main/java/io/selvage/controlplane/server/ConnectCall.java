// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.controlplane.sessions.ProxySession;
import io.selvage.controlplane.sessions.SessionChannel;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.wire.ControlMessageCodec;
import io.selvage.model.wire.GrpcFrames;
import io.selvage.model.wire.ProxyMessageCodec;
import io.selvage.model.wire.WireException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;

/** One stream of {@code Mesh/Connect}: bytes to messages and back. */
final class ConnectCall implements SessionChannel {
  private final Vertx vertx;
  private final Context context;
  private final HttpServerRequest request;
  private final GrpcResponse response;
  private final GrpcFrames frames = new GrpcFrames();
  private boolean ended;

  ConnectCall(Vertx vertx, HttpServerRequest request, GrpcResponse response) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.request = request;
    this.response = response;
  }

  /** Lets the session hear its stream. */
  void attach(ProxySession session) {
    response.begin();
    response.onWritable(session::onWritable);
    request.handler(bytes -> read(bytes, session));
    request.endHandler(v -> {
      session.onClosed();
      response.end();
    });
    request.exceptionHandler(e -> {
      response.gone();
      session.onClosed();
    });
    request
        .response()
        .closeHandler(v -> {
          response.gone();
          session.onClosed();
        });
  }

  private void read(Buffer bytes, ProxySession session) {
    if (ended) {
      // Nothing of what still comes is looked at.
      return;
    }
    try {
      frames.read(
          bytes.getBytes(),
          0,
          bytes.length(),
          message -> ProxyMessageCodec.decode(message).ifPresent(session::onMessage));
    } catch (WireException e) {
      session.malformed(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public boolean isWritable() {
    return response.isWritable();
  }

  @Override
  public void send(ControlMessage message) {
    response.send(ControlMessageCodec.encode(message));
  }

  @Override
  public void end(Status status, String message) {
    ended = true;
    response.end(status, message);
  }

  @Override
  public void pause() {
    request.pause();
  }

  @Override
  public void resume() {
    request.resume();
  }

  @Override
  public void execute(Runnable task) {
    context.runOnContext(v -> task.run());
  }

  @Override
  public Cancellable after(Duration delay, Runnable task) {
    long timer = vertx.setTimer(Math.max(1, delay.toMillis()), t -> task.run());
    return () -> vertx.cancelTimer(timer);
  }
}
