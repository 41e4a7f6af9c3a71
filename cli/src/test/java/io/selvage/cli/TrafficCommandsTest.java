// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.query.RouteRow;
import io.selvage.controlplane.observation.query.StatRequest;
import io.selvage.controlplane.observation.query.StatRow;
import io.selvage.controlplane.observation.query.TopRow;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code mesh edges}, {@code stat}, {@code routes} and {@code top} print, to the letter. */
class TrafficCommandsTest {
  private static FakeTraffic traffic;

  @BeforeAll
  static void serve() throws Exception {
    traffic = new FakeTraffic();
  }

  @AfterAll
  static void stop() throws Exception {
    traffic.close();
  }

  @BeforeEach
  void forget() {
    traffic.edges = List.of();
    traffic.stat = List.of();
    traffic.routes = List.of();
    traffic.top = List.of();
    traffic.notes = List.of();
    traffic.failure = null;
  }

  // ---- edges

  @Test
  void edgesAsATable() {
    traffic.edges = sampleEdges();
    prints(
        """
        SRC         DST     SRC_NS      DST_NS      SECURED
        192.0.2.1   web     -           emojivoto   Not Provided By Remote
        vote-bot    web     emojivoto   emojivoto   Not Provided By Remote
        web         emoji   emojivoto   emojivoto   √
        web         vote    emojivoto   emojivoto   Denied
        web         vote    emojivoto   emojivoto   Denied (Loopback)
        """,
        mesh("edges", "deploy", "-n", "emojivoto"));
    assertThat(traffic.asked)
        .hasToString("EdgesRequest[type=DEPLOYMENT, namespace=Optional[emojivoto]]");
  }

  @Test
  void edgesOfTheSample() {
    traffic.edges = List.of(sampleEdges().get(2));
    prints(
        """
        SRC   DST     SRC_NS      DST_NS      CLIENT_ID       SERVER_ID         SECURED
        web   emoji   emojivoto   emojivoto   web.emojivoto   emoji.emojivoto   √
        """,
        mesh("edges", "po", "-A", "-o", "wide"));
    assertThat(traffic.asked).hasToString("EdgesRequest[type=POD, namespace=Optional.empty]");
  }

  @Test
  void edgesWithoutIdentitiesShowDashes() {
    traffic.edges = List.of(new EdgeRow("a", "x", "b", "y", "", "odd", "Loopback", false));
    prints(
        """
        SRC   DST   SRC_NS   DST_NS   CLIENT_ID   SERVER_ID   SECURED
        a     b     x        y        -           odd         Loopback
        """,
        mesh("edges", "po", "-o", "wide"));
  }

  @Test
  void edgesThatDifferInIdentitiesAloneAreOneLineOfTheTable() {
    traffic.edges =
        List.of(
            new EdgeRow("x", "x", "x", "x", id("x", "a"), id("x", "b"), "", false),
            new EdgeRow("x", "x", "x", "x", id("x", "b"), id("x", "a"), "", false));
    prints(
        """
        SRC   DST   SRC_NS   DST_NS   SECURED
        x     x     x        x        √
        """,
        mesh("edges", "ns"));
    assertThat(mesh("edges", "ns", "-o", "wide").out().lines()).hasSize(3);
  }

  @Test
  void edgesAsJson() {
    traffic.edges = List.of(sampleEdges().get(2));
    prints(
        """
        [
          {
            "src": "web",
            "src_namespace": "emojivoto",
            "dst": "emoji",
            "dst_namespace": "emojivoto",
            "client_id": "spiffe://cluster.local/ns/emojivoto/sa/web",
            "server_id": "spiffe://cluster.local/ns/emojivoto/sa/emoji",
            "no_tls_reason": "",
            "denied": false
          }
        ]
        """,
        mesh("edges", "po", "-o", "json"));
  }

  @Test
  void noEdgesAreSaidOnStandardErrorAndAreNoFailure() {
    saysOnly(0, "No edges found.\n", mesh("edges", "deploy"));
    prints("[]\n", mesh("edges", "deploy", "-o", "json"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "deploy/web | Edges cannot be returned for a specific resource name; remove web from query",
        "deploy web | Edges cannot be returned for a specific resource name; remove web from query",
        "all | Resource type is not supported: all",
        "svc | Resource type is not supported: service (an edge ends at a workload)",
        "deploy -A -n x | --all-namespaces and --namespace flags are mutually exclusive",
        "deploy -n X | not the namespace of a Kubernetes object: \"X\"",
      })
  void edgesThatCannotBeAskedFor(String words, String error) {
    saysOnly(2, error + "\n", mesh(("edges " + words).split(" ")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"authority", "au", "x"})
  void typesWithoutEdges(String type) {
    CommandLineRun run = mesh("edges", type);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err())
        .startsWith("Resource type is not supported: " + type + " (supported are ");
  }

  // ---- stat

  @Test
  void statOfTheSample() {
    traffic.stat = List.of(emoji());
    prints(
        """
        NAME    MESHED   SUCCESS      RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99   TCP_CONN
        emoji      1/2   100.00%   2.0rps         123ms         123ms         123ms        123
        """,
        mesh("stat", "deploy", "-n", "emojivoto"));
  }

  @Test
  void statInAllNamespacesAndWide() {
    traffic.stat = List.of(emoji(), silent("deployment", "emojivoto", "vote-bot", null, "0/1"));
    prints(
        """
        NAMESPACE   NAME       MESHED   SUCCESS      RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99   TCP_CONN   READ_BYTES/SEC   WRITE_BYTES/SEC
        emojivoto   emoji         1/2   100.00%   2.0rps         123ms         123ms         123ms        123          12.3B/s         4567.0B/s
        emojivoto   vote-bot      0/1         -        -             -             -             -          -                -                 -
        """,
        mesh("stat", "deploy", "-A", "-o", "wide"));
  }

  @Test
  void statOfPodsHasTheirStatusAndOfServicesNoPods() {
    traffic.stat = List.of(silent("pod", "x", "web-1", "Running", "1/1"));
    prints(
        """
        NAME     STATUS   MESHED   SUCCESS   RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99   TCP_CONN
        web-1   Running      1/1         -     -             -             -             -          -
        """,
        mesh("stat", "po"));
    traffic.stat = List.of(silent("service", "x", "web", null, null));
    prints(
        """
        NAME   MESHED   SUCCESS   RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99   TCP_CONN
        web         -         -     -             -             -             -          -
        """,
        mesh("stat", "svc"));
  }

  @Test
  void statOfSeveralTypesHasATableEach() {
    traffic.stat = List.of(emoji(), silent("pod", "emojivoto", "emoji-1", "", "1/1"));
    prints(
        """
        NAME           MESHED   SUCCESS      RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99   TCP_CONN
        deploy/emoji      1/2   100.00%   2.0rps         123ms         123ms         123ms        123

        NAME         STATUS   MESHED   SUCCESS   RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99   TCP_CONN
        po/emoji-1        -      1/1         -     -             -             -             -          -
        """,
        mesh("stat", "deploy,po"));
  }

  @Test
  void statAsJson() {
    traffic.stat = List.of(emoji(), silent("service", "emojivoto", "web", null, null));
    prints(
        """
        [
          {
            "namespace": "emojivoto",
            "kind": "deployment",
            "name": "emoji",
            "meshed": "1/2",
            "success": 1.0,
            "rps": 2.0,
            "latency_ms_p50": 123,
            "latency_ms_p95": 123,
            "latency_ms_p99": 123,
            "tcp_open_connections": 123,
            "tcp_read_bytes_rate": 12.34,
            "tcp_write_bytes_rate": 4567.0
          },
          {
            "namespace": "emojivoto",
            "kind": "service",
            "name": "web",
            "success": null,
            "rps": null,
            "latency_ms_p50": null,
            "latency_ms_p95": null,
            "latency_ms_p99": null,
            "tcp_open_connections": null,
            "tcp_read_bytes_rate": null,
            "tcp_write_bytes_rate": null
          }
        ]
        """,
        mesh("stat", "deploy,svc", "-o", "json"));
  }

  @Test
  void noTrafficIsSaidOnStandardErrorAndIsNoFailure() {
    saysOnly(0, "No traffic found.\n", mesh("stat", "deploy"));
    prints("[]\n", mesh("stat", "deploy", "-o", "json"));
  }

  @Test
  void statAsksForWhatWasTyped() {
    mesh(
        "stat",
        "deploy/web",
        "po/x",
        "-n",
        "a",
        "--to",
        "svc/emoji",
        "--to-namespace",
        "b",
        "-t",
        "2m",
        "-l",
        "app in (a, b)",
        "--unmeshed");
    var asked = (StatRequest) traffic.asked;
    assertThat(asked.resources()).hasToString("[deployment/web, pod/x]");
    assertThat(asked.namespace()).contains("a");
    assertThat(asked.other())
        .hasToString("Optional[OtherEnd[way=TO, resource=service/emoji, namespace=Optional[b]]]");
    assertThat(asked.window()).hasToString("PT2M");
    assertThat(asked.labels().text()).isEqualTo("app in (a, b)");
    assertThat(asked.unmeshed()).isTrue();
    mesh("stat", "deploy", "--from", "deploy/web", "-A");
    asked = (StatRequest) traffic.asked;
    assertThat(asked.namespace()).isEmpty();
    assertThat(asked.other())
        .hasToString(
            "Optional[OtherEnd[way=FROM, resource=deployment/web, namespace=Optional.empty]]");
    mesh("stat", "ns");
    assertThat(((StatRequest) traffic.asked).window()).hasToString("PT1M");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "deploy --to po --from po | --to and --from flags are mutually exclusive",
        "deploy --to-namespace a --from-namespace b | --to-namespace and --from-namespace flags are"
            + " mutually exclusive",
        "deploy -A -n x | --all-namespaces and --namespace flags are mutually exclusive",
        "ns --to-namespace x | --to-namespace flag is incompatible with namespace resource type",
        "ns --from-namespace x | --from-namespace flag is incompatible with namespace resource"
            + " type",
        "ns -n x | --namespace flag is incompatible with namespace resource type",
        "deploy --to ns/x --to-namespace y | --to-namespace flag is incompatible with namespace"
            + " resource type",
        "deploy -t 14s | metrics time window must be at least 15s",
        "deploy -t soon | not a length of time such as 30s, 1m or 1h30m: \"soon\"",
        "deploy -l a>b | not a label selector: \"a>b\"",
        "svc --to deploy | a service sends no requests: with --to, ask for workloads",
        "deploy/Web | not the name of a Kubernetes object: \"Web\"",
      })
  void statThatCannotBeAskedFor(String words, String error) {
    saysOnly(2, error + "\n", mesh(("stat " + words).split(" ")));
  }

  @Test
  void whatTheControlPlaneRefusesIsPrintedAsItSaysIt() {
    traffic.failure = new IllegalArgumentException("metrics time window must be at most 10m");
    saysOnly(2, "metrics time window must be at most 10m\n", mesh("stat", "deploy", "-t", "1h"));
    traffic.failure =
        new QueryException(QueryException.Fault.PROMETHEUS, "Prometheus at u is away");
    saysOnly(1, traffic.url() + " answered 502: Prometheus at u is away\n", mesh("stat", "deploy"));
  }

  @Test
  void notesGoToStandardError() {
    traffic.stat = List.of(emoji());
    traffic.notes = List.of("3 pairs are missing");
    CommandLineRun run = mesh("stat", "deploy", "-o", "json");
    assertThat(run.out()).startsWith("[");
    assertThat(run.err()).isEqualTo("note: 3 pairs are missing\n");
  }

  // ---- routes

  @Test
  void routesWithTheDefaultLast() {
    traffic.routes =
        List.of(
            new RouteRow("deploy/web", "GET /list", "x/web:80", 1.0, 2.0, null, null, 1L, 2L, 3L),
            new RouteRow("deploy/web", "[DEFAULT]", "", null, null, null, null, null, null, null));
    prints(
        """
        ROUTE       SERVICE    SUCCESS      RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99
        GET /list   x/web:80   100.00%   2.0rps           1ms           2ms           3ms
        [DEFAULT]   -                -        -             -             -             -
        """,
        mesh("routes", "deploy/web"));
  }

  @Test
  void routesOfSeveralResourcesHaveHeadings() {
    traffic.routes =
        List.of(
            new RouteRow("deploy/a", "r", "", 0.5, 2.0, 0.4, 2.5, 1L, 2L, 3L),
            new RouteRow("deploy/b", "r", "", 0.5, 2.0, null, null, 1L, 2L, 3L));
    prints(
        """
        ==> deploy/a <==
        ROUTE   SERVICE   EFFECTIVE_SUCCESS   EFFECTIVE_RPS   ACTUAL_SUCCESS   ACTUAL_RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99
        r       -                    50.00%          2.0rps           40.00%       2.5rps           1ms           2ms           3ms

        ==> deploy/b <==
        ROUTE   SERVICE   EFFECTIVE_SUCCESS   EFFECTIVE_RPS   ACTUAL_SUCCESS   ACTUAL_RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99
        r       -                    50.00%          2.0rps                -            -           1ms           2ms           3ms
        """,
        mesh("routes", "deploy", "--to", "svc/x", "-o", "wide"));
  }

  @Test
  void routesThatCannotBeAskedFor() {
    saysOnly(
        2,
        "wide output is only available when --to is specified\n",
        mesh("routes", "deploy", "-o", "wide"));
    saysOnly(0, "No traffic found.\n", mesh("routes", "deploy"));
    prints("[]\n", mesh("routes", "deploy", "-o", "json"));
  }

  // ---- top

  @Test
  void topIsPrintedOnceWhereThereIsNoTerminal() {
    traffic.top =
        List.of(
            new TopRow("web-1", "emoji-1", "GET", "/list", 1_200, 835, 12_400, 2_000_000, 1.0),
            new TopRow("web-1", "vote-1", "POST", "/v", 7, 1_000, 999_499, 63_000_000, 0.8571));
    prints(
        """
        Source   Destination   Method   Path    Count    Best   Worst   Last   Success Rate
        web-1    emoji-1       GET      /list    1200   835µs    12ms     2s        100.00%
        web-1    vote-1        POST     /v          7     1ms   999ms   1m3s         85.71%
        """,
        mesh("top", "deploy/web", "--once"));
    assertThat(traffic.asked)
        .hasToString(
            "TopRequest[resource=Optional[deployment/web], namespace=Optional[default],"
                + " limit=100]");
    mesh("top", "ns/x", "--once", "--limit", "3");
    assertThat(traffic.asked)
        .hasToString(
            "TopRequest[resource=Optional[namespace/x], namespace=Optional.empty, limit=3]");
  }

  @Test
  void topThatCannotBeAskedFor() {
    saysOnly(0, "No traffic found.\n", mesh("top", "--once"));
    saysOnly(2, "top shows the requests of one resource\n", mesh("top", "deploy/a", "deploy/b"));
    saysOnly(2, "limit is not within 1..1000: 0\n", mesh("top", "--limit", "0"));
  }

  // ---- no control plane

  @ParameterizedTest
  @ValueSource(strings = {"edges deploy", "stat deploy", "routes deploy", "top --once"})
  void withoutAControlPlaneOneHintHelps(String words) throws Exception {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    String url = "http://127.0.0.1:" + port;
    saysOnly(
        1,
        "Cannot find Selvage: "
            + url
            + " cannot be reached: connection refused\n"
            + "Start it with `mesh control-plane`, or say where it is with --control-plane URL or"
            + " SELVAGE_CONTROL_PLANE.\n",
        at(url, words.split(" ")));
  }

  @Test
  void somethingElseBehindTheUrlIsSaid() {
    CommandLineRun run = at(traffic.url() + "/else/", "edges", "deploy");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err())
        .startsWith("Cannot find Selvage: " + traffic.url() + "/else/ answers, but is not the API");
    assertThat(at("ftp://x", "edges", "deploy").err())
        .isEqualTo("ftp://x is not the http URL of a control plane\n");
    assertThat(at("nonsense", "stat", "deploy").code()).isEqualTo(2);
  }

  private static CommandLineRun mesh(String... words) {
    return at(traffic.url(), words);
  }

  private static CommandLineRun at(String url, String... words) {
    var all = new ArrayList<Object>(List.of((Object[]) words));
    all.add("--control-plane");
    all.add(url);
    return CommandLineRun.mesh(all.toArray());
  }

  private static void prints(String out, CommandLineRun run) {
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).isEqualTo(out);
    assertThat(run.code()).isZero();
  }

  private static void saysOnly(int code, String err, CommandLineRun run) {
    assertThat(run.err()).isEqualTo(err);
    assertThat(run.out()).isEmpty();
    assertThat(run.code()).isEqualTo(code);
  }

  private static String id(String namespace, String account) {
    return "spiffe://cluster.local/ns/" + namespace + "/sa/" + account;
  }

  private static List<EdgeRow> sampleEdges() {
    String ns = "emojivoto";
    String web = id(ns, "web");
    return List.of(
        new EdgeRow("192.0.2.1", "", "web", ns, "", "", "Not Provided By Remote", false),
        new EdgeRow("vote-bot", ns, "web", ns, "", "", "Not Provided By Remote", false),
        new EdgeRow("web", ns, "emoji", ns, web, id(ns, "emoji"), "", false),
        new EdgeRow("web", ns, "vote", ns, web, id(ns, "vote"), "", true),
        new EdgeRow("web", ns, "vote", ns, web, "", "Loopback", true));
  }

  private static StatRow emoji() {
    return new StatRow(
        "emojivoto",
        "deployment",
        "emoji",
        null,
        "1/2",
        1.0,
        2.0,
        123L,
        123L,
        123L,
        123L,
        12.34,
        4_567.0);
  }

  private static StatRow silent(
      String kind,
      String namespace,
      String name,
      @Nullable String status,
      @Nullable String meshed) {
    return new StatRow(
        namespace, kind, name, status, meshed, null, null, null, null, null, null, null, null);
  }
}
