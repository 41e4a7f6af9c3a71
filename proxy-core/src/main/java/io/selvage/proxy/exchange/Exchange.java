// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.model.routing.VirtualHostSpec.InsecureAction;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.route.ForwardAction;
import io.selvage.proxy.route.RedirectAction;
import io.selvage.proxy.route.RespondAction;
import io.selvage.proxy.route.RouteHit;
import io.selvage.proxy.route.RouteTable;
import io.selvage.proxy.route.VirtualHost;
import io.selvage.proxy.snapshot.ServedListener;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response, on the snapshot that was current when it came: policy, virtual
 * host, route, and then either an answer of our own or a {@link Forwarding}. Ends exactly once,
 * with one Outcome and one report.
 *
 * <p>Confined to the stream's event loop. An object serves one exchange only, so that a late call
 * can never reach the next one.
 */
final class Exchange implements RequestSink {
  private final DownstreamStream stream;
  private final Snapshot snapshot;
  private final LoopState loop;
  private final Exchanges owner;
  private final ExchangeReport report = new ExchangeReport();
  private final LocalAnswers answers;
  private boolean requestEnded;
  private boolean secure;
  private boolean ended;
  private @Nullable Forwarding forwarding;

  /** Links of {@link RunningExchanges}. */
  @Nullable Exchange previousRunning;

  @Nullable Exchange nextRunning;

  Exchange(
      DownstreamStream stream, Snapshot snapshot, LoopState loop, Exchanges owner, boolean end) {
    this.stream = stream;
    this.snapshot = snapshot;
    this.loop = loop;
    this.owner = owner;
    this.requestEnded = end;
    this.answers = new LocalAnswers(this);
    report.connection = stream.connection();
    report.request = stream.request();
    report.startNanos = loop.wheel().nanoTime();
    report.startMillis = System.currentTimeMillis();
  }

  // ---- Deciding

  /**
   * @param admitted false if the gateway has as many exchanges as it may
   */
  void start(boolean admitted) {
    if (!admitted) {
      answers.overloaded(owner.limits().exchange().retryAfterSeconds());
      return;
    }
    ServedListener listener = snapshot.listener(stream.connection().listener());
    if (listener == null) {
      // The listener is being removed; its connections end with the answer they get.
      stream.closeAfterResponse();
      answers.empty(404, Outcome.NO_ROUTE);
      return;
    }
    RequestHead head = stream.request();
    if (!owner.admission().equals(Admission.EVERYBODY)) {
      if (!owner.admission().permits(stream.connection(), head)) {
        answers.empty(403, Outcome.DENIED);
        return;
      }
      loop.running().add(this);
    }
    String peer = loop.addressText(stream.connection().peer().getAddress());
    if (snapshot.isTransparent()) {
      report.clientAddress = peer;
      passUnchanged(listener, head);
      return;
    }
    int hops = listener.spec().trustedHops();
    report.clientAddress = ForwardedFields.clientAddress(head, hops, peer);
    report.requestId =
        ForwardedFields.requestId(head.headers(), snapshot.settings().preserveRequestId());
    if (!snapshot.addressRules().isOpen() && !isAddressPermitted()) {
      answers.empty(403, Outcome.DENIED);
      return;
    }
    if (listener.isMisdirected(stream.connection(), head.host())) {
      answers.empty(421, Outcome.DENIED);
      return;
    }
    RouteTable table = listener.routeTable();
    VirtualHost host = table == null ? null : table.virtualHost(head.host());
    if (host == null) {
      answers.empty(404, Outcome.NO_ROUTE);
      return;
    }
    secure = ForwardedFields.isSecure(listener.spec(), head, stream.connection().secure());
    if (!secure && !insecureAllowed(host, head)) {
      return;
    }
    ForwardedFields.apply(head, hops, stream.connection().secure(), peer);
    route(host, head);
  }

  /** No more than what the route asks for is added, and the path is taken as it is. */
  private void passUnchanged(ServedListener listener, RequestHead head) {
    RouteTable table = listener.routeTable();
    VirtualHost host = table == null ? null : table.virtualHost(head.host());
    secure = stream.connection().secure();
    if (host == null) {
      answers.empty(404, Outcome.NO_ROUTE);
    } else {
      route(host, head);
    }
  }

  private boolean isAddressPermitted() {
    return snapshot
        .addressRules()
        .permits(stream.connection().peer().getAddress(), report.clientAddress);
  }

  private boolean insecureAllowed(VirtualHost host, RequestHead head) {
    InsecureAction action = host.spec().insecure();
    if (action == InsecureAction.ROUTE
        || head.target().path().startsWith(VirtualHostSpec.ACME_PATH)) {
      return true;
    }
    if (action == InsecureAction.REDIRECT) {
      answers.redirect(301, RedirectAction.toHttps(head, host.spec().redirectPort()));
    } else {
      answers.empty(400, Outcome.DENIED);
    }
    return false;
  }

  private void route(VirtualHost host, RequestHead head) {
    RouteHit hit = loop.hit();
    int draw = loop.draw();
    if (!host.find(head, draw, hit)) {
      answers.empty(404, Outcome.NO_ROUTE);
      return;
    }
    report.route = hit.route().spec();
    report.target = hit.target();
    switch (hit.action()) {
      case RedirectAction redirect ->
          answers.redirect(redirect.spec().status(), redirect.location(head, secure, hit));
      case RespondAction respond -> respond(respond);
      case ForwardAction forward -> {
        var begun = new Forwarding(this, forward);
        forwarding = begun;
        begun.start(hit, draw);
      }
    }
  }

  private void respond(RespondAction respond) {
    RouteAction.Respond spec = respond.spec();
    Outcome outcome =
        switch (spec.outcome()) {
          case "no_route" -> Outcome.NO_ROUTE;
          case "no_endpoints" -> Outcome.NO_ENDPOINTS;
          case "config_error" -> Outcome.INTERNAL;
          default -> Outcome.DIRECT;
        };
    answers.body(spec.status(), outcome, spec.contentType(), respond.body());
  }

  // ---- What Forwarding and LocalAnswers work with

  DownstreamStream stream() {
    return stream;
  }

  Snapshot snapshot() {
    return snapshot;
  }

  LoopState loop() {
    return loop;
  }

  Exchanges owner() {
    return owner;
  }

  Limits limits() {
    return owner.limits();
  }

  ExchangeReport report() {
    return report;
  }

  LocalAnswers answers() {
    return answers;
  }

  boolean isRequestEnded() {
    return requestEnded;
  }

  boolean isEnded() {
    return ended;
  }

  /** The action, once a route that forwards was found. */
  @Nullable Forwarding forwarding() {
    return forwarding;
  }

  /** A fault of our own: 500 where nothing was sent, otherwise the stream breaks off. */
  void fail() {
    if (ended) {
      return;
    }
    Forwarding current = forwarding;
    if (current != null) {
      current.cancelAttempt();
    }
    stream.closeAfterResponse();
    if (current != null && current.isResponseBegun()) {
      stream.abort(DownstreamStream.AbortReason.INTERNAL);
      end(Outcome.INTERNAL);
    } else {
      answers.empty(500, Outcome.INTERNAL);
    }
  }

  /** Whether it may go on. */
  boolean isKept() {
    return owner.admission().keeps(stream.connection(), stream.request());
  }

  /** It may not go on: 403 where nothing was sent, otherwise the stream breaks off. */
  void revoke() {
    if (ended) {
      return;
    }
    Forwarding current = forwarding;
    if (current != null) {
      current.cancelAttempt();
    }
    if (current != null && current.isResponseBegun()) {
      stream.abort(DownstreamStream.AbortReason.DENIED);
      end(Outcome.DENIED);
    } else {
      answers.empty(403, Outcome.DENIED);
    }
  }

  /** The one end. Releases everything, tells the observer. */
  void end(Outcome outcome) {
    if (ended) {
      return;
    }
    ended = true;
    if (!owner.admission().equals(Admission.EVERYBODY)) {
      loop.running().remove(this);
    }
    Forwarding current = forwarding;
    if (current != null) {
      current.release();
    }
    report.outcome = outcome;
    report.endNanos = loop.wheel().nanoTime();
    owner.guard().leave();
    owner.observer().onEnd(report);
  }

  // ---- RequestSink

  @Override
  public void onData(ByteBuf data, boolean end) {
    report.requestBytes += data.readableBytes();
    requestEnded |= end;
    Forwarding current = forwarding;
    if (ended || current == null) {
      data.release();
    } else {
      current.onRequestData(data, end);
    }
  }

  @Override
  public void onTrailers(HeaderBlock trailers) {
    requestEnded = true;
    Forwarding current = forwarding;
    if (!ended && current != null) {
      current.onRequestTrailers(trailers);
    }
  }

  @Override
  public void onMalformed(Rejection rejection) {
    if (ended) {
      return;
    }
    report.rejection = rejection;
    Forwarding current = forwarding;
    if (current != null) {
      current.cancelAttempt();
      if (current.isResponseBegun()) {
        stream.abort(DownstreamStream.AbortReason.BAD_REQUEST);
        end(Exchanges.outcomeOf(rejection));
        return;
      }
    }
    stream.closeAfterResponse();
    answers.empty(rejection.status(), Exchanges.outcomeOf(rejection));
  }

  @Override
  public void onClientGone() {
    if (ended) {
      return;
    }
    Forwarding current = forwarding;
    boolean tunnel = current != null && current.isTunnel();
    if (current != null) {
      current.onClientGone();
    }
    end(tunnel ? Outcome.TUNNEL_CLOSED : Outcome.CLIENT_GONE);
  }

  @Override
  public void onWritabilityChanged(boolean writable) {
    Forwarding current = forwarding;
    if (!ended && current != null) {
      current.onClientWritable(writable);
    }
  }

  @Override
  public void onReadComplete() {
    Forwarding current = forwarding;
    if (!ended && current != null) {
      current.flushRequest();
    }
  }

  static ByteBuf buffer(byte[] bytes) {
    return bytes.length == 0 ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(bytes);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
