// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import static io.selvage.proxy.route.Routes.compile;
import static io.selvage.proxy.route.Routes.element;
import static io.selvage.proxy.route.Routes.exact;
import static io.selvage.proxy.route.Routes.get;
import static io.selvage.proxy.route.Routes.prefix;
import static io.selvage.proxy.route.Routes.regex;
import static io.selvage.proxy.route.Routes.route;
import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.HostRewrite;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.PathRewrite;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteAction.Forward;
import io.selvage.model.routing.RouteAction.Redirect;
import io.selvage.model.routing.Shadow;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.upstream.Cluster;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rewrites, redirects and upstream hosts. */
class ActionsTest {
  private static final PathRewrite KEEP = new PathRewrite.Keep();

  /** ingress.md section 1.5 first, then the corners around it. */
  @ParameterizedTest(name = "{0} to {1}: {2} becomes {3}")
  @CsvSource({
    "/api/, /, /api/x, /x",
    "/api/, /, /api/x?q=1&r, /x?q=1&r",
    "/api, /, /api/x, //x",
    "/api, /, /api, /",
    "/api/, /v2/, /api/x/y, /v2/x/y",
    "/api, '', /api/x, /x",
    "/api, '', /api, /",
    "/api, v2, /api/x, /v2/x",
    "/man, /, /mankind, /kind",
    "/, /base/, /x, /base/x",
    "/caf\u00e9/, /, /caf%c3%a9/x, /x",
  })
  void replacesARawPrefixAsEmissaryDoes(String text, String to, String raw, String sent) {
    assertThat(rewritten(prefix(text), new PathRewrite.ReplacePrefix(to), raw)).isEqualTo(sent);
  }

  @ParameterizedTest(name = "{0} to {1}: {2} becomes {3}")
  @CsvSource({
    "/api, /, /api/x, /x",
    "/api/, /, /api/x, /x",
    "/api, /, /api, /",
    "/api, /v2, /api/x, /v2/x",
    "/api, /v2/, /api/x, /v2/x",
    "/api/, /v2/, /api, /v2",
    "/api, /v2, /api/, /v2/",
    "/, /v2, /x, /v2/x",
  })
  void replacesAnElementPrefixByElements(String text, String to, String raw, String sent) {
    assertThat(rewritten(element(text), new PathRewrite.ReplacePrefix(to), raw)).isEqualTo(sent);
  }

  @Test
  void aPrefixRewriteOfAnExactOrRegexRouteReplacesTheWholePath() {
    var rewrite = new PathRewrite.ReplacePrefix("/");
    assertThat(rewritten(exact("/a/b"), rewrite, "/a/b?q")).isEqualTo("/?q");
    assertThat(rewritten(regex("/a/.*"), rewrite, "/a/b/c")).isEqualTo("/");
  }

  @ParameterizedTest(name = "{0} -> {1}: {2} becomes {3}")
  @CsvSource({
    "/api/v([0-9]+)/(.*), /v\\1/api/\\2, /api/v7/x?q, /v7/api/x?q",
    "^/old, /new, /old/old, /new/old",
    "a, b, /aXa, /bXb",
    "/none, /x, /a, /a",
    "^/(.*)$, \\1, /a/b, /a/b",
    "/a, \\0\\0, /a, /a/a",
    "x*, -, /ab, /-/-a-b-",
    "/(\\w+)$, /a%2fb, /x, /a%2Fb",
    "/(a)|/(b), /\\2, /a, /",
  })
  void rewritesByExpression(String pattern, String substitution, String raw, String sent) {
    assertThat(rewritten(prefix("/"), new PathRewrite.Regex(pattern, substitution), raw))
        .isEqualTo(sent);
  }

  @Test
  void replacesTheWholePathAndKeepsTheQuery() {
    assertThat(rewritten(prefix("/a"), new PathRewrite.ReplaceFull("/z"), "/a/b?q"))
        .isEqualTo("/z?q");
    assertThat(rewritten(prefix("/a"), new PathRewrite.ReplaceFull("z"), "/a/b")).isEqualTo("/z");
    assertThat(rewritten(prefix("/a"), KEEP, "/a//b?q")).isEqualTo("/a/b?q");
    assertThat(rewritten(prefix("/a"), new PathRewrite.ReplaceFull("/z?a=1"), "/a?q"))
        .isEqualTo("/z?a=1&q");
  }

  @ParameterizedTest
  @CsvSource({
    "(, x, InvalidRegex",
    "a{1001}, x, InvalidRegex",
    "(?<=a)b, x, InvalidRegex",
    "a, \\1, InvalidSubstitution",
    "(a), \\2, InvalidSubstitution",
    "a, x\\, InvalidSubstitution",
    "a, \\n, InvalidSubstitution",
    "a, \\\\, InvalidSubstitution",
  })
  void reportsARewriteThatCannotWork(String pattern, String substitution, String reason) {
    VirtualHost host =
        compile(
            route(
                "bad",
                prefix("/"),
                Forward.to("c").withPathRewrite(new PathRewrite.Regex(pattern, substitution))));

    assertThat(host.problems()).singleElement().extracting("reason").isEqualTo(reason);
    // Its traffic is answered, not given to someone else.
    var hit = new RouteHit();
    assertThat(host.find(get("/"), 0, hit)).isTrue();
    assertThat(hit.action().spec()).isEqualTo(new RouteAction.Respond(500, "", "", "config_error"));
  }

  @ParameterizedTest(name = "scheme {0} host {1} port {2} secure {3}: {4}")
  @CsvSource({
    "'', '', 0, false, http://shop.example.com:8080/a/b?q=1",
    "'', '', 0, true, https://shop.example.com:8080/a/b?q=1",
    "https, '', 0, false, https://shop.example.com/a/b?q=1",
    "https, '', 8443, false, https://shop.example.com:8443/a/b?q=1",
    "'', '', 81, false, http://shop.example.com:81/a/b?q=1",
    "'', www.example.org, 0, true, https://www.example.org/a/b?q=1",
    "'', www.example.org:444, 0, true, https://www.example.org:444/a/b?q=1",
    "http, www.example.org:444, 80, true, http://www.example.org:80/a/b?q=1",
    "'', [::1]:444, 80, true, https://[::1]:80/a/b?q=1",
  })
  void buildsTheLocationOfARedirect(
      String scheme, String host, int port, boolean secure, String location) {
    var spec =
        new Redirect(
            Optional.of(scheme).filter(s -> !s.isEmpty()),
            Optional.of(host).filter(s -> !s.isEmpty()),
            port,
            KEEP,
            301);

    assertThat(location(prefix("/"), spec, get("/a/b?q=1"), secure)).isEqualTo(location);
  }

  @Test
  void rewritesThePathOfARedirect() {
    assertThat(location(prefix("/a"), path(new PathRewrite.ReplaceFull("/z")), get("/a/b?q"), true))
        .isEqualTo("https://shop.example.com:8080/z?q");
    assertThat(
            location(prefix("/a"), path(new PathRewrite.ReplacePrefix("/z")), get("/a/b?q"), true))
        .isEqualTo("https://shop.example.com:8080/z/b?q");
    assertThat(
            location(
                prefix("/"), path(new PathRewrite.Regex("^/(.*)$", "/z/\\1")), get("/a"), true))
        .isEqualTo("https://shop.example.com:8080/z/a");
    assertThat(
            location(prefix("/a"), path(new PathRewrite.ReplaceFull("/z?own")), get("/a?q"), true))
        .isEqualTo("https://shop.example.com:8080/z?own");
  }

  @Test
  void redirectsRelativelyWhereThereIsNoHostAndNeverToAnotherOne() {
    RequestHead head = get("/a?q");
    head.setAuthority("", "");
    assertThat(location(prefix("/"), path(KEEP), head, false)).isEqualTo("/a?q");
    assertThat(location(prefix("/"), path(new PathRewrite.Regex("^/a", "//evil/x")), head, false))
        .isEqualTo("/evil/x?q");
    assertThat(RedirectAction.toHttps(head, 0)).isEqualTo("/a?q");
  }

  @Test
  void redirectsToHttpsWithThePortOfTheListener() {
    assertThat(RedirectAction.toHttps(get("/a?q"), 0)).isEqualTo("https://shop.example.com/a?q");
    assertThat(RedirectAction.toHttps(get("/a"), 8443))
        .isEqualTo("https://shop.example.com:8443/a");
  }

  @ParameterizedTest
  @CsvSource({
    "ftp, '', 0",
    "'', a b, 0",
    "'', a/b, 0",
    "'', u@h, 0",
    "'', h, 65536",
    "'', h, -1",
  })
  void reportsARedirectThatCannotWork(String scheme, String host, int port) {
    var spec =
        new Redirect(
            Optional.of(scheme).filter(s -> !s.isEmpty()),
            Optional.of(host).filter(s -> !s.isEmpty()),
            port,
            KEEP,
            301);

    assertThat(compile(route("r", prefix("/"), spec)).problems()).hasSize(1);
  }

  @Test
  void showsTheUpstreamTheHostItShouldSee() {
    Cluster cluster = Cluster.create(ClusterSpec.http("h"), 1);
    cluster.updateEndpoints(
        new EndpointSet(
            "k",
            List.of(
                new EndpointSet.Endpoint("10.0.0.1", 80, "pod.svc", "", false),
                EndpointSet.Endpoint.of("::1", 80))));
    var named = cluster.endpoints().get(0);
    var bare = cluster.endpoints().get(1);

    assertThat(upstreamHost(new HostRewrite.Keep(), named)).isEqualTo("shop.example.com:8080");
    assertThat(upstreamHost(new HostRewrite.Literal("b:81"), named)).isEqualTo("b:81");
    assertThat(upstreamHost(new HostRewrite.FromEndpoint(), named)).isEqualTo("pod.svc");
    assertThat(upstreamHost(new HostRewrite.FromEndpoint(), bare)).isEqualTo("[::1]");
  }

  @Test
  void copiesTheConfiguredShareToAShadow() {
    var hit = new RouteHit();
    VirtualHost host =
        compile(
            route(
                "r",
                prefix("/api/"),
                forward(
                    KEEP,
                    new HostRewrite.Keep(),
                    List.of(new Shadow("s", 30, new PathRewrite.ReplacePrefix("/"))))));
    assertThat(host.find(get("/api/x?q"), 0, hit)).isTrue();

    var shadow = ((ForwardAction) hit.action()).shadows().get(0);

    assertThat(shadow.takes(29)).isTrue();
    assertThat(shadow.takes(30)).isFalse();
    assertThat(shadow.cluster().spec().name()).isEqualTo("s");
    assertThat(shadow.rewritePath(get("/api/x?q").target(), hit)).isEqualTo("/x?q");
  }

  private static String upstreamHost(
      HostRewrite rewrite, io.selvage.proxy.upstream.Endpoint endpoint) {
    var hit = new RouteHit();
    assertThat(
            compile(route("r", prefix("/"), forward(KEEP, rewrite, List.of())))
                .find(get("/"), 0, hit))
        .isTrue();
    return ((ForwardAction) hit.action()).upstreamAuthority(get("/"), endpoint);
  }

  private static Forward forward(PathRewrite rewrite, HostRewrite host, List<Shadow> shadows) {
    Forward f = Forward.to("c");
    return new Forward(
        f.cluster(),
        rewrite,
        host,
        f.requestHeaders(),
        f.responseHeaders(),
        f.timeouts(),
        f.retry(),
        f.affinity(),
        f.upgrades(),
        shadows,
        f.cors(),
        f.priority(),
        0,
        List.of());
  }

  private static Redirect path(PathRewrite rewrite) {
    return new Redirect(Optional.empty(), Optional.empty(), 0, rewrite, 301);
  }

  private static String location(
      PathMatch match, Redirect redirect, RequestHead head, boolean secure) {
    var hit = new RouteHit();
    assertThat(compile(route("r", match, redirect)).find(head, 0, hit)).isTrue();
    return ((RedirectAction) hit.action()).location(head, secure, hit);
  }

  private static String rewritten(PathMatch match, PathRewrite rewrite, String raw) {
    VirtualHost host = compile(route("r", match, Forward.to("c").withPathRewrite(rewrite)));
    assertThat(host.problems()).isEmpty();
    var hit = new RouteHit();
    RequestHead head = get(raw);
    assertThat(host.find(head, 0, hit)).isTrue();
    return ((ForwardAction) hit.action()).rewritePath(head.target(), hit);
  }
}
