// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.RouteSpec;
import io.selvage.model.routing.RouteTableSpec;
import io.selvage.model.routing.Settings;
import io.selvage.model.routing.VirtualHostSpec;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.http.RequestTargetParser;
import io.selvage.proxy.route.RouteHit;
import io.selvage.proxy.route.RouteTable;
import io.selvage.proxy.route.VirtualHost;
import io.selvage.proxy.upstream.Cluster;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A lookup among 100,000 routes: host, then path, at random names so that caches do not help more
 * than they would in service. The goal is one microsecond.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class RouteLookupBenchmark {
  private static final int ROUTES = 100_000;
  private static final int REQUESTS = 4_096;
  private static final ObjectRef ORIGIN = new ObjectRef("Ingress", "bench", "bench");

  /** How the routes are spread: hosts times paths. */
  @Param({"1x100000", "10000x10"})
  public String shape = "";

  /** Kind of the path conditions. */
  @Param({"element", "exact"})
  public String kind = "";

  private RouteTableSpec spec = new RouteTableSpec("bench", List.of());
  private RouteTableSpec equalSpec = spec;
  private RouteTable table = RouteTable.compile(spec, name -> null, null);
  private final Cluster cluster = Cluster.create(ClusterSpec.http("bench"), 1);
  private final RouteHit hit = new RouteHit();
  private final List<RequestHead> requests = new ArrayList<>();
  private int next;

  /** Builds table and requests. */
  @Setup(Level.Trial)
  public void setUp() {
    int hosts = Integer.parseInt(shape.substring(0, shape.indexOf('x')));
    int paths = ROUTES / hosts;
    spec = spec(hosts, paths);
    equalSpec = spec(hosts, paths);
    table = RouteTable.compile(spec, name -> cluster, null);
    Random random = new Random(1);
    for (int i = 0; i < REQUESTS; i++) {
      requests.add(request(hostName(random.nextInt(hosts)), random.nextInt(paths)));
    }
  }

  /** One request's way to its action. */
  @Benchmark
  public Object lookup() {
    RequestHead head = requests.get(next++ & (REQUESTS - 1));
    VirtualHost host = table.virtualHost(head.host());
    if (host == null || !host.find(head, 50, hit)) {
      throw new IllegalStateException("no route for " + head.host() + head.target());
    }
    return hit.action();
  }

  /** Compilation of all 100,000 routes from nothing. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public Object compile() {
    return RouteTable.compile(spec, name -> cluster, null);
  }

  /** Compilation when nothing has changed but the specification is a new object tree. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public Object recompileUnchanged() {
    return RouteTable.compile(equalSpec, name -> cluster, table);
  }

  private RouteTableSpec spec(int hosts, int paths) {
    List<VirtualHostSpec> virtualHosts = new ArrayList<>();
    for (int h = 0; h < hosts; h++) {
      List<RouteSpec> routes = new ArrayList<>();
      for (int p = 0; p < paths; p++) {
        routes.add(route(p));
      }
      virtualHosts.add(
          new VirtualHostSpec(
              HostPattern.exact(hostName(h)),
              Optional.empty(),
              VirtualHostSpec.InsecureAction.ROUTE,
              0,
              routes));
    }
    return new RouteTableSpec("bench", virtualHosts);
  }

  private RouteSpec route(int p) {
    String path = path(p);
    return new RouteSpec(
        "r" + p,
        ORIGIN,
        "",
        RouteMatch.path(
            kind.equals("exact")
                ? new PathMatch.Exact(path + "/item", true)
                : new PathMatch.ElementPrefix(path)),
        List.of(new RouteSpec.Target(ORIGIN, 100, RouteAction.Forward.to("bench"))));
  }

  private static RequestHead request(String host, int p) {
    byte[] target = (path(p) + "/item?page=2").getBytes(StandardCharsets.ISO_8859_1);
    var parser = new RequestTargetParser();
    if (parser.parse(target, 0, target.length, "GET", false, Settings.defaults()) != null) {
      throw new IllegalStateException("the benchmark's own target is refused");
    }
    var head = new RequestHead();
    head.setTarget(parser.target());
    head.setAuthority(host, host);
    return head;
  }

  private static String hostName(int h) {
    return "tenant-" + h + ".apps.example.com";
  }

  private static String path(int p) {
    return "/team-" + p % 100 + "/service-" + p;
  }
}
