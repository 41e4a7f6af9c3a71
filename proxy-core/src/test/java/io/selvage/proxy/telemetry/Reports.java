// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.RouteSpec;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTarget;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/** Reports of exchanges for tests. */
final class Reports {
  private Reports() {}

  static ConnectionInfo connection(String listener) {
    InetSocketAddress peer = new InetSocketAddress(InetAddress.getLoopbackAddress(), 40000);
    InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), 8080);
    return new ConnectionInfo(
        listener, listener, peer, local, HttpVersion.HTTP_1_1, false, null, null, null, null);
  }

  /** A GET of {@code path} answered with {@code status} after 12 ms. */
  static ExchangeReport answered(String listener, String cluster, String path, int status) {
    ExchangeReport report = new ExchangeReport();
    RequestHead head = new RequestHead();
    head.setTarget(new RequestTarget(path, "", false));
    head.setAuthority("example.com", "example.com");
    report.connection = connection(listener);
    report.request = head;
    report.clusterStatsName = cluster;
    report.endpoint = "127.0.0.1:9000";
    report.attempts = 1;
    report.status = status;
    report.upstreamStatus = status;
    report.outcome = Outcome.OK;
    report.startMillis = 1_700_000_000_000L;
    report.startNanos = 1_000_000_000L;
    report.upstreamStartNanos = 1_001_000_000L;
    report.upstreamHeadNanos = 1_010_000_000L;
    report.endNanos = 1_012_000_000L;
    report.requestBytes = 3;
    report.responseBytes = 1024;
    ObjectRef mapping = new ObjectRef("Mapping", "default", "web");
    report.route =
        new RouteSpec(
            "default/web",
            mapping,
            "",
            RouteMatch.path(new PathMatch.Prefix("/", true)),
            List.of(new RouteSpec.Target(mapping, 100, RouteAction.Forward.to("web"))));
    return report;
  }
}
