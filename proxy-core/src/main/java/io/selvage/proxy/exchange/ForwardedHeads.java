// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.selvage.model.routing.RetrySpec;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseDate;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.route.CorsPolicy;
import io.selvage.proxy.route.ForwardAction;
import io.selvage.proxy.route.ForwardAction.CompiledErrorResponse;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.upstream.Cluster;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a forwarding exchange changes in the heads that pass: the fields backends and clients of the
 * Emissary world rely on (x-envoy-*), the route's own edits, CORS, affinity cookies, server and
 * date.
 */
final class ForwardedHeads {
  private static final byte[] ORIGINAL_PATH = ForwardedFields.ascii("x-envoy-original-path");
  private static final byte[] EXPECTED_TIMEOUT =
      ForwardedFields.ascii("x-envoy-expected-rq-timeout-ms");
  private static final byte[] SERVICE_TIME = ForwardedFields.ascii("x-envoy-upstream-service-time");
  private static final byte[] SERVER = ForwardedFields.ascii("server");
  private static final byte[] DATE = ForwardedFields.ascii("date");
  private static final byte[] SET_COOKIE = ForwardedFields.ascii("set-cookie");
  private static final byte[][] BODY_FIELDS = {
    ForwardedFields.ascii("content-encoding"),
    ForwardedFields.ascii("content-range"),
    ForwardedFields.ascii("etag"),
    ForwardedFields.ascii("last-modified"),
    ForwardedFields.ascii("accept-ranges")
  };

  private final Exchange exchange;
  private final ForwardAction action;
  private final RequestHead request;
  private @Nullable ExchangeFacts facts;
  private @Nullable String newCookie;
  private boolean preflight;

  ForwardedHeads(Exchange exchange, ForwardAction action) {
    this.exchange = exchange;
    this.action = action;
    this.request = exchange.stream().request();
  }

  ExchangeFacts facts() {
    ExchangeFacts known = facts;
    if (known == null) {
      known =
          new ExchangeFacts(exchange.stream().connection(), request.headers(), exchange.report());
      facts = known;
    }
    return known;
  }

  void prepareRequest() {
    HeaderBlock fields = request.headers();
    if (exchange.snapshot().isTransparent()) {
      editRequest(fields);
      return;
    }
    if (action.rewritesPath()) {
      fields.add(ORIGINAL_PATH, request.target().toString().getBytes(StandardCharsets.ISO_8859_1));
    }
    long expected = expectedTimeoutMillis();
    if (expected > 0) {
      fields.add(EXPECTED_TIMEOUT, exchange.loop().timeoutDigits(expected));
    }
    editRequest(fields);
  }

  private void editRequest(HeaderBlock fields) {
    if (!action.requestEdits().isEmpty()) {
      action.requestEdits().apply(fields, facts());
    }
  }

  /** How long the endpoint may take: the try's timeout if there is one, else the request's. */
  private long expectedTimeoutMillis() {
    long request = action.spec().timeouts().requestMillis();
    long perTry = action.spec().retry().map(RetrySpec::perTryTimeoutMillis).orElse(0L);
    return perTry > 0 && (request == 0 || perTry < request) ? perTry : request;
  }

  /** Key of the endpoint this client keeps to; makes a cookie where one is wanted and missing. */
  long affinityHash() {
    String client = exchange.report().clientAddress;
    long hash = action.affinity().hash(request, client == null ? "" : client);
    if (hash == Cluster.NO_HASH) {
      newCookie = action.affinity().newCookieValue();
      if (newCookie != null) {
        hash = action.affinity().hashOf(newCookie);
      }
    }
    return hash;
  }

  /** An upstream's response is about to be sent down. */
  void finishResponse(ResponseHead response) {
    if (exchange.snapshot().isTransparent()) {
      finish(response);
      return;
    }
    HeaderBlock fields = response.headers();
    boolean dated = false;
    for (int i = 0; i < fields.count(); i++) {
      int id = fields.id(i);
      if (id == HeaderName.SERVER) {
        fields.drop(i);
      } else if (id == HeaderName.DATE) {
        dated = true;
      } else if (id == HeaderName.OTHER && fields.nameEquals(i, SERVICE_TIME)) {
        fields.drop(i);
      }
    }
    fields.add(SERVER, serverName());
    if (!dated) {
      fields.add(DATE, ResponseDate.now());
    }
    long nanos = exchange.report().upstreamHeadNanos - exchange.report().upstreamStartNanos;
    fields.add(SERVICE_TIME, LoopState.digits(nanos / 1_000_000));
    addCookie(fields);
    finish(response);
  }

  /** An answer of our own on a route that would have forwarded. */
  void finishLocal(ResponseHead response) {
    finish(response);
  }

  private void finish(ResponseHead response) {
    CorsPolicy cors = action.cors();
    if (cors != null && !preflight) {
      cors.writeResponse(request, response.headers());
    }
    if (!action.responseEdits().isEmpty()) {
      action.responseEdits().apply(response.headers(), facts());
    }
  }

  void preflight(ResponseHead response) {
    preflight = true;
    CorsPolicy cors = action.cors();
    if (cors != null) {
      cors.writePreflight(request, response.headers());
    }
  }

  /** Sends an error response with the body the configuration wants, and ends the exchange. */
  void override(ResponseHead response, CompiledErrorResponse override) {
    HeaderBlock fields = response.headers();
    for (byte[] name : BODY_FIELDS) {
      fields.dropAll(name);
    }
    fields.dropAll(HeaderName.CONTENT_LENGTH);
    fields.dropAll(HeaderName.TRAILER);
    fields.dropAll(HeaderName.CONTENT_TYPE);
    fields.add(
        ForwardedFields.ascii("content-type"),
        override.spec().contentType().getBytes(StandardCharsets.ISO_8859_1));
    byte[] body = Exchange.utf8(override.render(facts()));
    finishResponse(response);
    response.setBody(body.length > 0, body.length);
    DownstreamStream down = exchange.stream();
    down.sendHead(response, body.length == 0);
    if (body.length > 0) {
      exchange.report().responseBytes += body.length;
      down.sendData(Exchange.buffer(body), true);
    }
    down.flush();
    exchange.end(Outcome.OK);
  }

  void noteGrpcStatus(HeaderBlock fields) {
    int i = fields.indexOf(HeaderName.GRPC_STATUS);
    if (i >= 0) {
      int length = fields.valueEnd(i) - fields.valueStart(i);
      int status = 0;
      for (int at = fields.valueStart(i); at < fields.valueEnd(i); at++) {
        int digit = fields.array()[at] - '0';
        status = digit < 0 || digit > 9 || length > 3 ? 2 : status * 10 + digit;
      }
      exchange.report().grpcStatus = status;
    }
  }

  private void addCookie(HeaderBlock fields) {
    String value = newCookie;
    if (value != null) {
      fields.add(SET_COOKIE, ForwardedFields.ascii(action.affinity().setCookie(value)));
    }
  }

  private byte[] serverName() {
    return exchange.snapshot().serverName();
  }
}
