// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseDate;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.route.ForwardAction.CompiledErrorResponse;
import io.selvage.proxy.telemetry.Outcome;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The responses an exchange makes itself. Each ends the exchange. A gRPC client gets its error in
 * the form it understands: 200 with grpc-status (gRPC over HTTP/2, "Responses").
 */
final class LocalAnswers {
  private static final byte[] NONE = {};
  private static final byte[] SERVER = ForwardedFields.ascii("server");
  private static final byte[] DATE = ForwardedFields.ascii("date");
  private static final byte[] CONTENT_TYPE = ForwardedFields.ascii("content-type");
  private static final byte[] LOCATION = ForwardedFields.ascii("location");
  private static final byte[] RETRY_AFTER = ForwardedFields.ascii("retry-after");
  private static final byte[] X_ENVOY_OVERLOADED = ForwardedFields.ascii("x-envoy-overloaded");
  private static final byte[] GRPC_STATUS = ForwardedFields.ascii("grpc-status");
  private static final byte[] GRPC_MESSAGE = ForwardedFields.ascii("grpc-message");
  private static final byte[] GRPC = ForwardedFields.ascii("application/grpc");
  private static final byte[] TEXT = ForwardedFields.ascii("text/plain");
  private static final byte[] TRUE = ForwardedFields.ascii("true");

  private final Exchange exchange;

  LocalAnswers(Exchange exchange) {
    this.exchange = exchange;
  }

  void empty(int status, Outcome outcome) {
    send(begin(status), outcome, "", NONE);
  }

  /** An error with a line of text for a person who looks at it. */
  void error(int status, Outcome outcome, String text) {
    send(begin(status), outcome, text, NONE);
  }

  /**
   * An endpoint could not be asked, or did not answer: 503 from a gateway, as Envoy's clients know
   * it; from a transparent proxy 502, or 504 where there is nobody to ask.
   */
  void failure(Outcome outcome, String text) {
    int transparent = outcome == Outcome.NO_ENDPOINTS ? 504 : 502;
    error(exchange.snapshot().isTransparent() ? transparent : 503, outcome, text);
  }

  /** No endpoint took the connection in time: 503 from a gateway, 504 from a transparent proxy. */
  void connectTimeout() {
    int status = exchange.snapshot().isTransparent() ? 504 : 503;
    error(status, Outcome.CONNECT_FAILED, "upstream connect error");
  }

  /** 503 because a circuit breaker is open; Envoy's clients know the field. */
  void overflow() {
    ResponseHead head = begin(503);
    if (!exchange.snapshot().isTransparent()) {
      head.headers().add(X_ENVOY_OVERLOADED, TRUE);
    }
    send(head, Outcome.OVERFLOW, "upstream overflow", NONE);
  }

  void overloaded(int retryAfterSeconds) {
    ResponseHead head = begin(503);
    head.headers().add(RETRY_AFTER, LoopState.digits(retryAfterSeconds));
    send(head, Outcome.OVERLOADED, "overloaded", NONE);
  }

  void redirect(int status, String location) {
    ResponseHead head = begin(status);
    head.headers().add(LOCATION, location.getBytes(StandardCharsets.ISO_8859_1));
    send(head, Outcome.DIRECT, "", NONE);
  }

  void body(int status, Outcome outcome, String contentType, byte[] body) {
    ResponseHead head = begin(status);
    if (!contentType.isEmpty()) {
      head.headers().add(CONTENT_TYPE, contentType.getBytes(StandardCharsets.ISO_8859_1));
    }
    send(head, outcome, "", body);
  }

  /** A head with the fields every answer of ours has. */
  ResponseHead begin(int status) {
    ResponseHead head = exchange.loop().localHead();
    head.setStatus(status, null);
    byte[] server = exchange.snapshot().serverName();
    if (server.length > 0) {
      head.headers().add(SERVER, server);
    }
    head.headers().add(DATE, ResponseDate.now());
    return head;
  }

  /** Sends {@code head} and {@code body} (or {@code text} where there is none) and ends. */
  void send(ResponseHead head, Outcome outcome, String text, byte[] body) {
    RequestHead request = exchange.stream().request();
    int status = head.status();
    exchange.report().status = status;
    byte[] content = body;
    Forwarding forwarding = exchange.forwarding();
    CompiledErrorResponse override =
        forwarding == null || status < 400 ? null : forwarding.errorResponse(status);
    if (isGrpc(request) && status >= 400) {
      grpc(head, status, text);
      content = NONE;
    } else if (override != null) {
      content = overrideBody(head.headers(), override, forwarding);
    } else if (!text.isEmpty()) {
      head.headers().add(CONTENT_TYPE, TEXT);
      content = Exchange.utf8(text);
    }
    if (forwarding != null) {
      forwarding.finishLocalHead(head);
    }
    write(head, content);
    exchange.end(outcome);
  }

  private void write(ResponseHead head, byte[] content) {
    DownstreamStream stream = exchange.stream();
    if (!exchange.isRequestEnded() && stream.request().version() != HttpVersion.HTTP_2) {
      // What is left of the request is not read, so nothing can follow it, and the client must
      // know.
      stream.closeAfterResponse();
    }
    boolean bodiless = head.status() == 204 || head.status() == 304;
    head.setBody(content.length > 0, bodiless ? -1 : content.length);
    if (content.length == 0) {
      stream.sendHead(head, true);
    } else {
      exchange.report().responseBytes += content.length;
      stream.sendHead(head, false);
      stream.sendData(Exchange.buffer(content), true);
    }
    stream.flush();
  }

  static byte[] overrideBody(
      HeaderBlock fields, CompiledErrorResponse override, @Nullable Forwarding facts) {
    fields.dropAll(HeaderName.CONTENT_TYPE);
    fields.add(CONTENT_TYPE, override.spec().contentType().getBytes(StandardCharsets.ISO_8859_1));
    return facts == null ? NONE : Exchange.utf8(override.render(facts.facts()));
  }

  private void grpc(ResponseHead head, int status, String text) {
    head.setStatus(200, null);
    exchange.report().status = 200;
    int code = exchange.snapshot().isTransparent() ? meshGrpcStatus(status) : grpcStatus(status);
    exchange.report().grpcStatus = code;
    head.headers().dropAll(HeaderName.CONTENT_TYPE);
    head.headers().add(CONTENT_TYPE, GRPC);
    head.headers().add(GRPC_STATUS, LoopState.digits(code));
    if (!text.isEmpty()) {
      head.headers().add(GRPC_MESSAGE, ForwardedFields.ascii(text));
    }
  }

  /** The gRPC project's mapping of HTTP statuses (http-grpc-status-mapping). */
  private static int grpcStatus(int status) {
    return switch (status) {
      case 400 -> 13;
      case 401 -> 16;
      case 403 -> 7;
      case 404 -> 12;
      case 413, 431 -> 8;
      case 429, 502, 503, 504 -> 14;
      default -> 2;
    };
  }

  /** What gRPC clients behind a proxy of the mesh are told: a timeout and a gap differ. */
  private static int meshGrpcStatus(int status) {
    return switch (status) {
      case 404 -> 5;
      case 500 -> 13;
      case 504 -> 4;
      default -> grpcStatus(status);
    };
  }

  private static boolean isGrpc(RequestHead request) {
    HeaderBlock fields = request.headers();
    int i = fields.indexOf(HeaderName.CONTENT_TYPE);
    if (i < 0) {
      return false;
    }
    int after = fields.valueStart(i) + GRPC.length;
    if (after > fields.valueEnd(i)
        || !HeaderName.equalsIgnoreCase(GRPC, fields.array(), fields.valueStart(i), GRPC.length)) {
      return false;
    }
    // application/grpc-web is another protocol.
    return after == fields.valueEnd(i) || fields.array()[after] != '-';
  }
}
