// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.CertifyService;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.model.mesh.Certify;
import io.selvage.model.wire.CertifyCodec;
import io.selvage.model.wire.GrpcFrames;
import io.selvage.model.wire.WireException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One call of {@code Identity/Certify}, which anybody may make. */
final class CertifyCall {
  private static final Logger LOG = LoggerFactory.getLogger(CertifyCall.class);

  private final Vertx vertx;
  private final Context context;
  private final HttpServerRequest request;
  private final GrpcResponse response;
  private final CertifyService service;
  private final ServerLimits limits;
  private final Runnable done;
  private final GrpcFrames frames = new GrpcFrames();
  private byte @Nullable [] message;
  private int read;
  private boolean over;
  private boolean asked;

  /**
   * @param done called once, when the call is over
   */
  CertifyCall(
      Vertx vertx,
      HttpServerRequest request,
      GrpcResponse response,
      CertifyService service,
      ServerLimits limits,
      Runnable done) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.request = request;
    this.response = response;
    this.service = service;
    this.limits = limits;
    this.done = done;
  }

  void run() {
    long timer =
        vertx.setTimer(
            limits.certifyBody().toMillis(),
            t -> {
              if (!asked) {
                refuse(Status.INVALID_ARGUMENT, "the request did not come in time");
              }
            });
    request.handler(this::take);
    request.endHandler(v -> {
      vertx.cancelTimer(timer);
      ask();
    });
    request.exceptionHandler(e -> {
      vertx.cancelTimer(timer);
      gone();
    });
    request
        .response()
        .closeHandler(v -> {
          vertx.cancelTimer(timer);
          gone();
        });
  }

  private void take(Buffer bytes) {
    if (over) {
      return;
    }
    read += bytes.length();
    if (read > limits.certifyBytes()) {
      refuse(Status.RESOURCE_EXHAUSTED, "the request is above " + limits.certifyBytes() + " bytes");
      return;
    }
    try {
      frames.read(bytes.getBytes(), 0, bytes.length(), this::only);
    } catch (WireException e) {
      refuse(Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    }
  }

  private void only(byte[] received) throws WireException {
    if (message != null) {
      throw new WireException("Certify takes one message");
    }
    message = received;
  }

  private void ask() {
    byte[] received = message;
    if (over) {
      return;
    }
    if (received == null || !frames.isAtBoundary()) {
      refuse(Status.INVALID_ARGUMENT, "the request is not complete");
      return;
    }
    asked = true;
    try {
      Certify.Request decoded = CertifyCodec.decodeRequest(received);
      String peer = request.remoteAddress().hostAddress();
      CompletionStage<Certify.Response> answer = service.certify(decoded, peer == null ? "" : peer);
      answer.whenComplete((issued, error) -> context.runOnContext(v -> answer(issued, error)));
    } catch (WireException e) {
      refuse(Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      answer(null, e);
    }
  }

  private void answer(Certify.@Nullable Response issued, @Nullable Throwable error) {
    if (over) {
      return;
    }
    if (issued != null) {
      response.begin();
      response.send(CertifyCodec.encode(issued));
      response.end();
      finish();
      return;
    }
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    if (cause instanceof RpcException refused) {
      refuse(refused.status(), refused.text());
    } else {
      LOG.error("a certificate could not be issued", cause);
      refuse(Status.INTERNAL, "the certificate could not be issued");
    }
  }

  private void refuse(Status status, String text) {
    if (!over) {
      response.end(status, text);
      finish();
    }
  }

  private void gone() {
    response.gone();
    finish();
  }

  private void finish() {
    if (!over) {
      over = true;
      done.run();
    }
  }
}
