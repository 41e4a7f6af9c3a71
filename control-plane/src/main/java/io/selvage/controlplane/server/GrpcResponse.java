// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.model.wire.GrpcFrames;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;

/** The answer's side of one call, as gRPC over HTTP/2 writes it. Confined to the stream's loop. */
final class GrpcResponse {
  private static final String OK = "0";

  /** RFC 9113 section 7. */
  private static final long NO_ERROR = 0;

  private static final long ENHANCE_YOUR_CALM = 11;

  /** Messages for people are cut there; trailers are no place for novels. */
  private static final int MAX_MESSAGE = 512;

  private final Vertx vertx;
  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final Duration farewell;
  private boolean ended;
  private boolean gone;

  GrpcResponse(Vertx vertx, HttpServerRequest request, Duration farewell) {
    this.vertx = vertx;
    this.request = request;
    this.response = request.response();
    this.farewell = farewell;
  }

  /** Sends the head, so that the caller knows the stream is open. */
  void begin() {
    response.putHeader("content-type", "application/grpc");
    response.writeHead();
  }

  boolean isWritable() {
    return !response.writeQueueFull();
  }

  void onWritable(Runnable action) {
    response.drainHandler(v -> action.run());
  }

  void send(byte[] message) {
    if (!ended && !gone) {
      response.write(Buffer.buffer(GrpcFrames.frame(message)));
    }
  }

  /** The stream is gone: nothing can be sent. */
  void gone() {
    gone = true;
  }

  /** Ends well. */
  void end() {
    end(OK, "");
  }

  void end(Status status, String message) {
    end(Integer.toString(status.code()), message);
  }

  private void end(String code, String message) {
    if (ended || gone) {
      return;
    }
    ended = true;
    if (response.headWritten()) {
      response.putTrailer("grpc-status", code);
      if (!message.isEmpty()) {
        response.putTrailer("grpc-message", encoded(message));
      }
    } else {
      // "Trailers-Only": the whole answer is one HEADERS frame.
      response.putHeader("content-type", "application/grpc").putHeader("grpc-status", code);
      if (!message.isEmpty()) {
        response.putHeader("grpc-message", encoded(message));
      }
    }
    long timer =
        vertx.setTimer(
            farewell.toMillis(),
            t -> {
              if (!gone) {
                // The end waits behind what the peer does not read.
                response.reset(ENHANCE_YOUR_CALM);
              }
            });
    response
        .end()
        .onComplete(done -> {
          vertx.cancelTimer(timer);
          if (done.succeeded() && !gone && !request.isEnded()) {
            // What the peer still wants to say concerns nobody (RFC 9113 section 8.1).
            response.reset(NO_ERROR);
          }
        });
  }

  /** Percent-encoding of grpc-message: everything but visible ASCII, and the percent sign. */
  static String encoded(String message) {
    String cut = message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message;
    var out = new StringBuilder();
    for (byte b : cut.getBytes(StandardCharsets.UTF_8)) {
      if (b >= 0x20 && b < 0x7f && b != '%') {
        out.append((char) b);
      } else {
        out.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
      }
    }
    return out.toString();
  }
}
