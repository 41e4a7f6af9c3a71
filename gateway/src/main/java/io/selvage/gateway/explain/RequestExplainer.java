// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.explain;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.util.NetUtil;
import io.selvage.gateway.explain.Explanation.Backend;
import io.selvage.gateway.explain.Explanation.Candidate;
import io.selvage.gateway.explain.Explanation.Target;
import io.selvage.gateway.explain.Explanation.Verdict;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.TcpRoute;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.proxy.exchange.ForwardedFields;
import io.selvage.proxy.http.AuthorityParser;
import io.selvage.proxy.http.DotSegments;
import io.selvage.proxy.http.Rejection;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTargetParser;
import io.selvage.proxy.route.CompiledAction;
import io.selvage.proxy.route.ForwardAction;
import io.selvage.proxy.route.RedirectAction;
import io.selvage.proxy.route.RespondAction;
import io.selvage.proxy.route.RouteExplanation;
import io.selvage.proxy.route.RouteHit;
import io.selvage.proxy.route.RouteTable;
import io.selvage.proxy.route.VirtualHost;
import io.selvage.proxy.tls.ServerNames;
import io.selvage.proxy.upstream.Cluster;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Explains one request. Parsing, certificate choice, host and route are those of the data path's
 * own classes; this class only walks them in the data path's order and writes down what they say.
 * Used once, on one thread.
 */
public final class RequestExplainer {
  /** Routes that lost on their path are as many as there are routes: the nearest are enough. */
  static final int MAX_PATH_LOSERS = 10;

  private final ServedTables served;
  private final RequestQuestion question;
  private final RequestHead head = new RequestHead();
  private List<Candidate> listeners = List.of();
  private List<Candidate> tls = List.of();
  private List<Candidate> hosts = List.of();
  private List<Candidate> routes = List.of();
  private int routesNotListed;
  private List<Target> targets = List.of();
  private @Nullable Backend backend;

  private RequestExplainer(ServedTables served, RequestQuestion question) {
    this.served = served;
    this.question = question;
  }

  /** Explains a request against what is served. */
  public static Explanation explain(ServedTables served, RequestQuestion question) {
    return new RequestExplainer(served, question).walk();
  }

  private Explanation walk() {
    RequestUrl url = question.url();
    var urlAuthority = new AuthorityParser();
    byte[] authority = url.authority().getBytes(UTF_8);
    Rejection refused = urlAuthority.parse(authority, 0, authority.length, -1);
    if (refused != null) {
      return end(
          Verdict.MALFORMED, refused.status(), "the authority is refused: " + refused.reason());
    }
    var choice = ListenerChoice.of(served.model().listeners(), url.secure(), urlAuthority.port());
    listeners = choice.candidates();
    ListenerSpec listener = choice.chosen();
    if (listener == null) {
      return end(
          Verdict.NO_LISTENER,
          0,
          listeners.isEmpty()
              ? "no listener is configured"
              : "no listener takes " + (url.secure() ? "https" : "http") + portText(urlAuthority));
    }
    String serverName = serverName(urlAuthority.host());
    TcpRoute tcp = tcpRoute(listener, url.secure(), serverName);
    if (tcp != null) {
      return tcp(tcp);
    }
    if (!listener.http()) {
      return end(
          Verdict.NO_ROUTE, 0, "the listener has TCP routes only and none takes this connection");
    }
    var certificate = new CertificateChoice(listener, serverName);
    tls = url.secure() ? certificate.candidates() : List.of();
    if (url.secure() && !certificate.isFound()) {
      return end(
          Verdict.NO_CERTIFICATE,
          0,
          "no certificate of the listener answers to the server name \"" + serverName + "\"");
    }
    refused = fillHead(listener);
    if (refused != null) {
      return end(
          Verdict.MALFORMED, refused.status(), "the request is refused: " + refused.reason());
    }
    if (url.secure() && !certificate.serves(head.host())) {
      return end(
          Verdict.REFUSED,
          421,
          "over HTTP/2 the host \""
              + head.host()
              + "\" is refused on a connection made for \""
              + serverName
              + "\": another certificate serves it");
    }
    return route(listener);
  }

  private @Nullable Rejection fillHead(ListenerSpec listener) {
    String authority = question.url().authority();
    for (RequestQuestion.Field field : question.headers()) {
      if (field.name().equals("host")) {
        authority = field.value();
      } else {
        head.headers().add(field.name().getBytes(ISO_8859_1), field.value().getBytes(UTF_8));
      }
    }
    head.setMethod(question.method());
    var settings = served.model().settings();
    var parser = new AuthorityParser();
    byte[] bytes = authority.getBytes(UTF_8);
    Rejection refused =
        parser.parse(
            bytes, 0, bytes.length, settings.stripMatchingHostPort() ? listener.port() : -1);
    if (refused != null) {
      return refused;
    }
    head.setAuthority(parser.authority(), parser.host());
    var target = new RequestTargetParser();
    byte[] line = question.url().target().getBytes(UTF_8);
    refused = target.parse(line, 0, line.length, question.method(), true, settings);
    if (refused == null) {
      head.setTarget(target.target());
    }
    return refused;
  }

  private Explanation route(ListenerSpec listener) {
    RouteTable table = served.table(listener.routeTable());
    VirtualHost host = table == null ? null : table.virtualHost(head.host());
    if (table == null || host == null) {
      return end(Verdict.NO_HOST, 404, "no virtual host answers to \"" + head.host() + "\"");
    }
    RouteExplanation found = table.explain(head, question.draw());
    hosts =
        found.hosts().stream()
            .map(h -> new Candidate(h.pattern().toString(), "", h.chosen(), h.reason()))
            .toList();
    listRoutes(found);
    Explanation insecure = insecure(listener, host.spec());
    if (insecure != null) {
      return insecure;
    }
    var hit = new RouteHit();
    if (!host.find(head, question.draw(), hit)) {
      return end(
          Verdict.NO_ROUTE,
          404,
          "no route of host \"" + host.spec().host() + "\" matches " + head.target().path());
    }
    listTargets(hit);
    return act(hit, listener);
  }

  /** What the virtual host does with requests that are not secure; null = routes them. */
  private @Nullable Explanation insecure(ListenerSpec listener, VirtualHostSpec host) {
    if (isSecure(listener) || head.target().path().startsWith(VirtualHostSpec.ACME_PATH)) {
      return null;
    }
    return switch (host.insecure()) {
      case ROUTE -> null;
      case REDIRECT ->
          end(
              Verdict.ANSWERED,
              301,
              "the host redirects insecure requests to "
                  + RedirectAction.toHttps(head, host.redirectPort()));
      case REJECT -> end(Verdict.REFUSED, 400, "the host rejects insecure requests");
    };
  }

  private boolean isSecure(ListenerSpec listener) {
    return ForwardedFields.isSecure(listener, head, question.url().secure());
  }

  private Explanation act(RouteHit hit, ListenerSpec listener) {
    CompiledAction action = hit.action();
    return switch (action) {
      case ForwardAction forward -> forward(forward, hit);
      case RedirectAction redirect ->
          end(
              Verdict.ANSWERED,
              redirect.spec().status(),
              "redirects to " + redirect.location(head, isSecure(listener), hit));
      case RespondAction respond -> respond(respond.spec());
    };
  }

  private Explanation respond(RouteAction.Respond respond) {
    return switch (respond.outcome()) {
      case "direct" ->
          end(Verdict.ANSWERED, respond.status(), "the gateway answers " + respond.status());
      case "no_endpoints" ->
          end(Verdict.NO_ENDPOINT, respond.status(), "the route has no backend to go to");
      default ->
          end(
              Verdict.REFUSED,
              respond.status(),
              "the gateway answers " + respond.status() + " (" + respond.outcome() + ")");
    };
  }

  private Explanation forward(ForwardAction forward, RouteHit hit) {
    Cluster cluster = forward.cluster();
    String path = forward.rewritePath(head.target(), hit);
    if (forward.rewritesPath() && DotSegments.isIn(path)) {
      return end(Verdict.REFUSED, 400, "the rewritten path " + path + " holds a dot segment");
    }
    var view =
        BackendView.of(
            cluster,
            path,
            BackendView.upstreamHost(forward.spec().host(), head),
            forward.affinity().hash(head, ""));
    backend = view;
    return reached(Verdict.FORWARDED, cluster, view);
  }

  private Explanation tcp(TcpRoute route) {
    routes =
        List.of(
            new Candidate(
                route.name(), route.origin().toString(), true, "a TCP route takes the connection"));
    int sum = route.backends().stream().mapToInt(TcpRoute.Backend::weight).sum();
    TcpRoute.Backend drawn = null;
    int reach = 0;
    var members = new ArrayList<Target>();
    for (TcpRoute.Backend member : route.backends()) {
      reach += member.weight();
      boolean chosen = drawn == null && sum > 0 && question.draw() * (long) sum < reach * 100L;
      drawn = chosen ? member : drawn;
      int percent = sum == 0 ? 0 : Math.round(100f * member.weight() / sum);
      members.add(
          new Target(
              route.origin().toString(), percent, "pass to cluster " + member.cluster(), chosen));
    }
    targets = members;
    Cluster cluster = drawn == null ? null : served.clusters().find(drawn.cluster());
    if (cluster == null) {
      return end(Verdict.NO_ENDPOINT, 0, "the TCP route has no backend to go to");
    }
    var view = BackendView.of(cluster, "", "", Cluster.NO_HASH);
    backend = view;
    return reached(Verdict.PASSED_THROUGH, cluster, view);
  }

  private Explanation reached(Verdict verdict, Cluster cluster, Backend view) {
    if (view.endpoints().isEmpty() && !BackendView.isByName(cluster.spec())) {
      return end(
          Verdict.NO_ENDPOINT,
          verdict == Verdict.FORWARDED ? 503 : 0,
          "the cluster " + cluster.spec().name() + " has no endpoint");
    }
    String where = view.endpoint();
    if (view.endpoints().isEmpty()) {
      where = "what the name of cluster " + view.cluster() + " resolves to";
    } else if (where.isEmpty()) {
      where = "one of " + view.endpoints().size() + " endpoints of cluster " + view.cluster();
    }
    return end(
        verdict, 0, "goes to " + where + (view.path().isEmpty() ? "" : " as " + view.path()));
  }

  private static @Nullable TcpRoute tcpRoute(
      ListenerSpec listener, boolean secure, String serverName) {
    List<TcpRoute> takers =
        listener.tcpRoutes().stream()
            .filter(route -> secure || route.serverNames().isEmpty())
            .toList();
    return ServerNames.of(takers, TcpRoute::serverNames).lookup(secure ? serverName : null);
  }

  private void listRoutes(RouteExplanation found) {
    var near = new ArrayList<RouteExplanation.RouteVerdict>();
    var far = new ArrayList<RouteExplanation.RouteVerdict>();
    for (RouteExplanation.RouteVerdict verdict : found.routes()) {
      (verdict.verdict() == RouteExplanation.Verdict.PATH ? far : near).add(verdict);
    }
    near.sort(Comparator.comparing(v -> v.verdict() != RouteExplanation.Verdict.CHOSEN));
    String path = head.target().path();
    far.sort(
        Comparator.comparingInt((RouteExplanation.RouteVerdict v) ->
            -commonPrefix(path, v.route().match().path().text())));
    routesNotListed = Math.max(0, far.size() - MAX_PATH_LOSERS);
    near.addAll(far.subList(0, far.size() - routesNotListed));
    routes =
        near.stream()
            .map(v ->
                new Candidate(
                    v.route().name(),
                    origin(v.route()),
                    v.verdict() == RouteExplanation.Verdict.CHOSEN,
                    v.reason()))
            .toList();
  }

  private void listTargets(RouteHit hit) {
    var members = new ArrayList<Target>();
    List<RouteSpec.Target> all = hit.route().spec().targets();
    for (int i = 0; i < all.size(); i++) {
      RouteSpec.Target member = all.get(i);
      members.add(
          new Target(
              member.origin().toString(),
              member.weight(),
              switch (member.action()) {
                case RouteAction.Forward f -> "forward to cluster " + f.cluster();
                case RouteAction.Redirect r -> "redirect with " + r.status();
                case RouteAction.Respond r -> "answer " + r.status();
              },
              i == hit.target()));
    }
    targets = members;
  }

  private static String origin(RouteSpec route) {
    ObjectRef origin = route.origin();
    return route.rule().isEmpty() ? origin.toString() : origin + " " + route.rule();
  }

  private static int commonPrefix(String a, String b) {
    int i = 0;
    while (i < a.length() && i < b.length() && a.charAt(i) == b.charAt(i)) {
      i++;
    }
    return i;
  }

  /** A client sends no server name for an address (RFC 6066, section 3). */
  private static String serverName(String host) {
    return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host) ? "" : host;
  }

  private static String portText(AuthorityParser authority) {
    return authority.port() < 0 ? "" : " on port " + authority.port();
  }

  private Explanation end(Verdict verdict, int status, String summary) {
    return new Explanation(
        question.method() + " " + question.url(),
        verdict,
        status,
        summary,
        listeners,
        tls,
        hosts,
        routes,
        routesNotListed,
        targets,
        backend);
  }
}
