// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.selvage.model.routing.RetrySpec;
import io.selvage.model.routing.RouteAction;
import io.selvage.proxy.http.DotSegments;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.route.ForwardAction;
import io.selvage.proxy.route.ForwardAction.CompiledErrorResponse;
import io.selvage.proxy.route.RouteHit;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import io.selvage.proxy.upstream.CircuitBreakers;
import io.selvage.proxy.upstream.CircuitBreakers.Limit;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Endpoint;
import org.jspecify.annotations.Nullable;

/**
 * The part of an exchange that goes upstream: tries, streaming both ways with back-pressure,
 * timers. Until the response's head is sent down, a failed try may be followed by another; after
 * that the client is told honestly that the response broke off.
 *
 * <p>Confined to the stream's event loop.
 */
final class Forwarding {
  /** Part of a request's time that one endpoint of several may take to answer a connect. */
  private static final int CONNECT_SHARE = 3;

  /** Any endpoint that is there answers within this: a SYN is lost, or the way is long. */
  private static final long LEAST_CONNECT_MILLIS = 250;

  private final Exchange exchange;
  private final DownstreamStream down;
  private final ForwardAction action;
  private final RouteAction.Forward spec;
  private final Cluster cluster;
  private final CircuitBreakers breakers;
  private final RequestHead head;
  private final ExchangeReport report;
  private final ForwardedHeads heads;
  private final RequestBody body;
  private final ExchangeDeadline deadline;
  private final @Nullable RetrySpec retrySpec;

  private String path = "";
  private long hash;
  private @Nullable Attempt attempt;
  private @Nullable ShadowRequests shadows;
  private int retries;
  private int neverSent;
  private boolean resetRetried;
  private boolean counted;
  private boolean retryCounted;
  private boolean starting;
  private boolean responseBegun;
  private boolean tunnel;
  private boolean requestHalfDone;
  private boolean responseHalfDone;

  Forwarding(Exchange exchange, ForwardAction action) {
    this.exchange = exchange;
    this.down = exchange.stream();
    this.action = action;
    this.spec = action.spec();
    this.cluster = action.cluster();
    this.breakers = cluster.breakers(spec.priority());
    this.head = down.request();
    this.report = exchange.report();
    this.heads = new ForwardedHeads(exchange, action);
    this.body =
        new RequestBody(exchange.limits().upstream().retryBodyBytes(), exchange.isRequestEnded());
    this.deadline = new ExchangeDeadline(this, exchange.loop().wheel(), spec.timeouts());
    this.retrySpec = spec.retry().orElse(null);
    report.clusterStatsName = cluster.spec().statsName();
  }

  // ---- Beginning

  /**
   * @param hit valid only during the call
   * @param draw the request's number of 0..99
   */
  void start(RouteHit hit, int draw) {
    if (answeredHere()) {
      return;
    }
    path = action.rewritePath(head.target(), hit);
    if (action.rewritesPath() && DotSegments.isIn(path)) {
      exchange.answers().empty(400, Outcome.REJECTED);
      return;
    }
    starting = true;
    report.upstreamPath = path;
    heads.prepareRequest();
    exchange.owner().observer().onRouted(report);
    hash = heads.affinityHash();
    if (!breakers.tryAcquire(Limit.REQUESTS)) {
      exchange.answers().overflow();
      return;
    }
    counted = true;
    cluster.retryBudget().onRequest();
    deadline.start(body.isEnded());
    if (!action.shadows().isEmpty()) {
      shadows = ShadowRequests.begin(exchange, action, hit, draw, body.isEnded());
    }
    tryOnce(null);
    starting = false;
  }

  /** CORS, upgrades and declared size: what needs no endpoint. */
  private boolean answeredHere() {
    if (action.cors() != null && action.cors().isPreflight(head)) {
      ResponseHead answer = exchange.answers().begin(200);
      heads.preflight(answer);
      exchange.answers().send(answer, Outcome.DIRECT, "", new byte[0]);
      return true;
    }
    String upgrade = head.upgrade();
    if (upgrade != null && !head.isVerbatim()) {
      if (!spec.upgrades().contains(upgrade)) {
        exchange.answers().empty(403, Outcome.DENIED);
        return true;
      }
      if (upgrade.equals("websocket")
          && down.connection().version() != io.selvage.proxy.http.HttpVersion.HTTP_2
          && !isWebSocketHandshake()) {
        exchange.answers().empty(400, Outcome.REJECTED);
        return true;
      }
    }
    if (isTooLarge(head.contentLength())) {
      exchange.answers().empty(413, Outcome.REJECTED);
      return true;
    }
    return false;
  }

  /** RFC 6455, section 4.1. Which versions there are is the backend's business. */
  private boolean isWebSocketHandshake() {
    return head.method().equals("GET") && head.headers().indexOf(HeaderName.SEC_WEBSOCKET_KEY) >= 0;
  }

  private boolean isTooLarge(long bytes) {
    return spec.maxRequestBodyBytes() > 0 && bytes > spec.maxRequestBodyBytes();
  }

  private void tryOnce(@Nullable Endpoint avoid) {
    LoopState loop = exchange.loop();
    Endpoint endpoint = cluster.pick(hash, loop.index(), avoid);
    if (endpoint == null) {
      exchange.answers().failure(Outcome.NO_ENDPOINTS, "no healthy upstream");
      return;
    }
    long now = loop.wheel().nanoTime();
    String authority = action.upstreamAuthority(head, endpoint);
    var begun = new Attempt(this, endpoint, authority, now);
    attempt = begun;
    report.attempts++;
    report.endpoint = endpoint.toString();
    report.upstreamAddress = endpoint.socketAddress();
    report.upstreamIdentity = endpoint.spec().identity();
    report.upstreamConnected = false;
    report.upstreamStartNanos = now;
    deadline.startTry(retrySpec == null ? 0 : retrySpec.perTryTimeoutMillis(), now);
    long connectMillis = connectMillis(endpoint, now);
    begun.waiting(loop.pools().acquire(endpoint, spec.priority(), authority, connectMillis, begun));
  }

  /**
   * How long the endpoint has to answer a connect: where there is another one, no longer than
   * leaves the request time for that.
   *
   * @return 0 = as long as the cluster says
   */
  private long connectMillis(Endpoint endpoint, long now) {
    long left = deadline.requestMillisLeft(now);
    long whole = cluster.spec().connectTimeoutMillis();
    if (left / CONNECT_SHARE >= whole
        || neverSent >= RetryRules.NEVER_SENT_RETRIES
        || !cluster.hasOther(endpoint)) {
      return 0;
    }
    return Math.min(whole, Math.max(left / CONNECT_SHARE, LEAST_CONNECT_MILLIS));
  }

  // ---- Request, from the client

  void onRequestData(ByteBuf data, boolean end) {
    deadline.onActivity();
    if (tunnel) {
      forwardTunnel(data, end);
      return;
    }
    if (isTooLarge(report.requestBytes)) {
      data.release();
      cancelAttempt();
      refuseTooLarge();
      return;
    }
    if (shadows != null) {
      shadows.onData(data, end);
    }
    Attempt current = attempt;
    UpstreamStream up = current == null ? null : current.stream();
    if (up == null) {
      body.hold(data, end);
      if (body.keptBytes() >= exchange.limits().connection().bufferHighBytes()) {
        down.setReadable(false);
      }
    } else {
      body.sending(data, end);
      up.sendData(data, end);
      if (!up.isWritable()) {
        down.setReadable(false);
      }
    }
    if (end) {
      deadline.onRequestEnded();
    }
  }

  private void refuseTooLarge() {
    if (responseBegun) {
      down.abort(DownstreamStream.AbortReason.LIMIT);
      exchange.end(Outcome.REJECTED);
    } else {
      down.closeAfterResponse();
      exchange.answers().empty(413, Outcome.REJECTED);
    }
  }

  void onRequestTrailers(HeaderBlock trailers) {
    action.requestEdits().remove(trailers);
    body.trailers(trailers);
    if (shadows != null) {
      shadows.onData(Unpooled.EMPTY_BUFFER, true);
    }
    Attempt current = attempt;
    UpstreamStream up = current == null ? null : current.stream();
    if (up != null) {
      up.sendTrailers(trailers);
    }
    deadline.onRequestEnded();
  }

  private void forwardTunnel(ByteBuf data, boolean end) {
    Attempt current = attempt;
    UpstreamStream up = current == null ? null : current.stream();
    if (up == null) {
      data.release();
      return;
    }
    up.sendData(data, end);
    if (!up.isWritable()) {
      down.setReadable(false);
    }
    if (end) {
      requestHalfDone = true;
      endTunnelIfDone();
    }
  }

  void flushRequest() {
    Attempt current = attempt;
    UpstreamStream up = current == null ? null : current.stream();
    if (up != null) {
      up.flush();
    }
    if (shadows != null) {
      shadows.flush();
    }
  }

  void onClientWritable(boolean writable) {
    Attempt current = attempt;
    UpstreamStream up = current == null ? null : current.stream();
    // A full queue is noticed behind each piece of the response: see pauseUnlessTaken.
    if (up != null && responseBegun && writable) {
      up.setReadable(true);
    }
  }

  /**
   * Stops reading the response while the client's queue is full. What the socket takes at once is
   * sent first: to pause and go on for a piece that fits costs two system calls.
   */
  private void pauseUnlessTaken(UpstreamStream up) {
    if (!down.isWritable()) {
      down.flush();
      if (!down.isWritable()) {
        up.setReadable(false);
      }
    }
  }

  // ---- The try

  void onStream(Attempt of, UpstreamStream up) {
    report.upstreamConnected = true;
    boolean end = body.isEnded() && body.keptBytes() == 0 && !body.hasTrailers();
    up.sendHead(head, path, of.authority(), end);
    if (!end) {
      body.replay(up);
    }
    if (!starting) {
      up.flush();
      down.setReadable(true);
    }
  }

  void onUpstreamWritable(boolean writable) {
    down.setReadable(writable);
  }

  void onInformational(ResponseHead interim) {
    deadline.onActivity();
    int status = interim.status();
    if (status != 100 && status != 103 && !head.isVerbatim()) {
      return;
    }
    // A 100 that the client did not ask for would only confuse it.
    if (!responseBegun && (status != 100 || head.isExpectContinue())) {
      down.sendInformational(interim);
    }
  }

  void onHead(Attempt of, ResponseHead response, boolean end) {
    long now = exchange.loop().wheel().nanoTime();
    deadline.onActivity();
    deadline.endTry();
    report.upstreamHeadNanos = now;
    report.upstreamStatus = response.status();
    of.judge(Endpoint.Result.ofStatus(response.status()), now);
    if (RetryRules.onStatus(retrySpec, head.method(), retries, response.status())
        && mayRetryByPolicy()) {
      of.cancel(Endpoint.Result.CANCELLED, now);
      retry(of.endpoint());
      return;
    }
    body.giveUpReplay();
    responseBegun = true;
    report.status = response.status();
    if (head.isTunnelOpenedBy(response.status())) {
      beginTunnel(of, response);
      return;
    }
    CompiledErrorResponse override =
        response.status() < 400 ? null : action.errorResponse(response.status());
    if (override != null) {
      of.cancelUnless(end, now);
      heads.override(response, override);
      return;
    }
    heads.finishResponse(response);
    if (end) {
      heads.noteGrpcStatus(response.headers());
      of.finish();
      down.sendHead(response, true);
      finish();
    } else {
      down.sendHead(response, false);
    }
  }

  private void beginTunnel(Attempt of, ResponseHead response) {
    tunnel = true;
    report.tunnel = head.upgrade() == null ? "connect" : head.upgrade();
    deadline.tunnel();
    heads.finishResponse(response);
    down.sendHead(response, false);
    UpstreamStream up = of.stream();
    if (up != null) {
      up.startTunnel();
    }
    down.startTunnel();
  }

  void onResponseData(Attempt of, ByteBuf data, boolean end) {
    deadline.onActivity();
    report.responseBytes += data.readableBytes();
    if (tunnel) {
      down.sendData(data, end);
      responseHalfDone |= end;
      if (end) {
        down.flush();
        endTunnelIfDone();
        return;
      }
    } else if (end) {
      of.finish();
      down.sendData(data, true);
      finish();
      return;
    } else {
      down.sendData(data, false);
    }
    UpstreamStream up = of.stream();
    if (up != null) {
      pauseUnlessTaken(up);
    }
  }

  void onResponseTrailers(Attempt of, HeaderBlock trailers) {
    heads.noteGrpcStatus(trailers);
    of.finish();
    down.sendTrailers(trailers);
    finish();
  }

  void flushResponse() {
    if (responseBegun) {
      down.flush();
    }
  }

  private void finish() {
    down.flush();
    exchange.end(Outcome.OK);
  }

  private void endTunnelIfDone() {
    if (requestHalfDone && responseHalfDone) {
      Attempt current = attempt;
      if (current != null) {
        current.finish(); // both codecs close once both directions are shut
      }
      exchange.end(Outcome.TUNNEL_CLOSED);
    }
  }

  // ---- Failing

  void onFailed(Attempt of, UpstreamFailure failure) {
    long now = exchange.loop().wheel().nanoTime();
    of.judge(resultOf(failure), now);
    of.finish();
    deadline.endTry();
    if (tunnel) {
      // Behind an end that was said, it only means that the client's bytes are not taken any more.
      down.endTunnel(!responseHalfDone);
      exchange.end(Outcome.TUNNEL_CLOSED);
    } else if (responseBegun) {
      down.flush();
      down.abort(DownstreamStream.AbortReason.UPSTREAM_RESET);
      exchange.end(
          failure == UpstreamFailure.PROTOCOL_ERROR
              ? Outcome.UPSTREAM_PROTOCOL
              : Outcome.UPSTREAM_RESET_MID_RESPONSE);
    } else if (mayRetry(failure)) {
      retry(of.endpoint());
    } else {
      answerFailure(failure);
    }
  }

  private boolean mayRetry(UpstreamFailure failure) {
    if (!body.isReplayable() && !body.isNothingSent()) {
      return false;
    }
    if (failure == UpstreamFailure.REMOVED) {
      return true; // says nothing about the endpoint it goes to next, so it is not counted
    }
    if (failure.neverSent()
        && failure != UpstreamFailure.OVERFLOW
        && neverSent < RetryRules.NEVER_SENT_RETRIES) {
      neverSent++;
      return true;
    }
    if (failure == UpstreamFailure.RESET_ON_REUSE
        && !resetRetried
        && RetryRules.isIdempotent(head.method())) {
      resetRetried = true;
      return true;
    }
    return RetryRules.onFailure(retrySpec, head.method(), retries, failure) && mayRetryByPolicy();
  }

  /** Asks everybody who limits retries; counts one if all agree. */
  private boolean mayRetryByPolicy() {
    if (!body.isReplayable()) {
      return false;
    }
    if (!retryCounted) {
      if (!breakers.tryAcquire(Limit.RETRIES)) {
        return false;
      }
      retryCounted = true;
    }
    if (!cluster.retryBudget().tryRetry()) {
      return false;
    }
    retries++;
    return true;
  }

  private void retry(Endpoint failed) {
    tryOnce(failed);
  }

  private void answerFailure(UpstreamFailure failure) {
    LocalAnswers answers = exchange.answers();
    switch (failure) {
      case CONNECT_FAILED, REMOVED ->
          answers.failure(Outcome.CONNECT_FAILED, "upstream connect error");
      case CONNECT_TIMEOUT -> answers.connectTimeout();
      case TLS_FAILED -> answers.failure(Outcome.UPSTREAM_TLS, "upstream TLS error");
      case OVERFLOW -> answers.overflow();
      case REFUSED, RESET_ON_REUSE, RESET, RESET_MID_RESPONSE ->
          answers.failure(Outcome.UPSTREAM_RESET, "upstream reset before headers");
      case PROTOCOL_ERROR ->
          answers.error(502, Outcome.UPSTREAM_PROTOCOL, "upstream protocol error");
    }
  }

  private static Endpoint.Result resultOf(UpstreamFailure failure) {
    return switch (failure) {
      case CONNECT_FAILED, CONNECT_TIMEOUT, TLS_FAILED -> Endpoint.Result.CONNECT_FAILED;
      // Our own limits, and the usual race with an idle timer, say nothing about the endpoint.
      case OVERFLOW, REMOVED, RESET_ON_REUSE -> Endpoint.Result.CANCELLED;
      case REFUSED, RESET, RESET_MID_RESPONSE, PROTOCOL_ERROR -> Endpoint.Result.RESET;
    };
  }

  void onRequestTimeout() {
    timeout(Outcome.REQUEST_TIMEOUT, "upstream request timeout");
  }

  void onIdleTimeout() {
    if (tunnel) {
      cancelAttempt();
      down.abort(DownstreamStream.AbortReason.TIMEOUT);
      exchange.end(Outcome.TUNNEL_CLOSED);
    } else {
      timeout(Outcome.IDLE_TIMEOUT, "stream idle timeout");
    }
  }

  private void timeout(Outcome outcome, String text) {
    cancelAttempt(Endpoint.Result.TIMEOUT);
    if (responseBegun) {
      down.abort(DownstreamStream.AbortReason.TIMEOUT);
      exchange.end(outcome);
    } else {
      exchange.answers().error(504, outcome, text);
    }
  }

  void onTryTimeout() {
    Attempt current = attempt;
    if (responseBegun || current == null) {
      return;
    }
    cancelAttempt(Endpoint.Result.TIMEOUT);
    if (RetryRules.onTimeout(retrySpec, head.method(), retries) && mayRetryByPolicy()) {
      retry(current.endpoint());
    } else {
      exchange.answers().error(504, Outcome.REQUEST_TIMEOUT, "upstream request timeout");
    }
  }

  /** The client has gone, cleanly where all it had to say was said before. */
  void onClientGone() {
    Attempt current = attempt;
    UpstreamStream up = current == null ? null : current.stream();
    if (tunnel && current != null && up != null) {
      attempt = null;
      current.finish();
      up.endTunnel(!requestHalfDone);
    } else {
      cancelAttempt();
    }
  }

  void cancelAttempt() {
    cancelAttempt(Endpoint.Result.CANCELLED);
  }

  private void cancelAttempt(Endpoint.Result result) {
    Attempt current = attempt;
    attempt = null;
    if (current != null) {
      current.cancel(result, exchange.loop().wheel().nanoTime());
    }
  }

  // ---- For Exchange and LocalAnswers

  boolean isResponseBegun() {
    return responseBegun;
  }

  boolean isTunnel() {
    return tunnel;
  }

  ExchangeFacts facts() {
    return heads.facts();
  }

  @Nullable CompiledErrorResponse errorResponse(int status) {
    return action.errorResponse(status);
  }

  void finishLocalHead(ResponseHead response) {
    heads.finishLocal(response);
  }

  /** The end of the exchange. */
  void release() {
    cancelAttempt();
    deadline.stop();
    body.release();
    if (shadows != null) {
      shadows.onRequestOver(body.isEnded());
    }
    if (retryCounted) {
      retryCounted = false;
      breakers.release(Limit.RETRIES);
    }
    if (counted) {
      counted = false;
      breakers.release(Limit.REQUESTS);
    }
  }
}
