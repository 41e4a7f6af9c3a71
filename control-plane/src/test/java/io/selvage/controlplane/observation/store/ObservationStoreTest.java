// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.observation.EdgeOf;
import io.selvage.controlplane.observation.MeshWorld;
import io.selvage.controlplane.observation.ObservationLimits;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.TrafficReport.Call;
import io.selvage.model.mesh.TrafficReport.Direction;
import io.selvage.model.mesh.TrafficReport.Edge;
import io.selvage.model.mesh.TrafficReport.Security;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ObservationStoreTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration ALL = ObservationStore.WINDOW;

  private final MeshWorld world =
      new MeshWorld().deploymentPod("web", "1", "10.0.0.1").deploymentPod("emoji", "1", "10.0.0.2");
  private final ConnectedProxy web = world.sync().proxy("web-5d9-1", "web");

  @Test
  void sumsAreWhatWasReportedWithinTheWindow() {
    var random = new Random(3);
    record Told(long at, long requests, long bytes) {}
    var told = new ArrayList<Told>();
    // Reports that end with a bucket lie in it wholly: then sums are exact at every window.
    world.now = 1_000_000;
    for (int i = 0; i < 300; i++) {
      world.now += 10_000;
      long requests = random.nextInt(1_000);
      long bytes = random.nextLong(1L << 40);
      world.report(
          web, EdgeOf.to("10.0.0.2").requests(requests, requests / 2).bytes(5, bytes).edge());
      told.add(new Told(world.now, requests, bytes));
      Duration window = Duration.ofSeconds(15 + random.nextInt(586));
      long first = Math.floorDiv(world.now - window.toMillis(), 10_000) * 10_000;
      long wantedRequests =
          told.stream().filter(t -> t.at - 5_000 >= first).mapToLong(Told::requests).sum();
      long wantedBytes =
          told.stream().filter(t -> t.at - 5_000 >= first).mapToLong(Told::bytes).sum();
      long reports = told.stream().filter(t -> t.at - 5_000 >= first).count();
      PairTotals pair = only(window);
      assertThat(pair.requests()).isEqualTo((double) wantedRequests);
      assertThat(pair.counts()[Counts.TO_CLIENT]).isEqualTo(5.0 * reports);
      assertThat(pair.counts()[Counts.TO_SERVER]).isEqualTo((double) wantedBytes);
    }
  }

  @Test
  void rateIsOverTheTimeThatWasToldOf() {
    // Ten requests a second, told every five seconds; asked between two reports.
    for (int i = 0; i < 60; i++) {
      world.now += 5_000;
      world.report(web, EdgeOf.to("10.0.0.2").requests(50, 50).edge());
    }
    for (int late = 0; late < 5_000; late += 700) {
      world.now += 700;
      for (Duration window : List.of(Duration.ofSeconds(15), MINUTE, Duration.ofSeconds(123))) {
        PairTotals pair = only(window);
        assertThat(pair.requests() / pair.seconds()).isCloseTo(10, within(0.01));
      }
    }
  }

  @Test
  void aReportThatComesLateIsSpreadOverItsInterval() {
    world.now = 1_600_000;
    world.report(
        web, 600_000, List.of(EdgeOf.to("10.0.0.2").requests(6_000, 6_000).edge()), List.of());
    assertThat(only(ALL).requests()).isEqualTo(6_000);
    assertThat(only(MINUTE).requests()).isEqualTo(600);
  }

  @Test
  void aBucketLeavesTheWindowWhenItsLastMomentDoes() {
    world.now = 1_000_000;
    world.report(web, EdgeOf.to("10.0.0.2").requests(1, 1).edge()); // [995,1000) s: bucket 99
    world.now = 1_000_000 + 600_000 - 1;
    assertThat(world.store.pairs(ALL)).hasSize(1);
    world.now = 1_000_000 + 600_000;
    assertThat(world.store.pairs(ALL)).isEmpty();
    assertThat(world.store.figures().pairs()).isEqualTo(1);
    world.store.sweep();
    assertThat(world.store.figures().pairs())
        .as("the entry itself goes with the bucket it was last used in")
        .isEqualTo(1);
    world.now += 10_000;
    world.store.sweep();
    assertThat(world.store.figures().pairs()).isZero();
  }

  @Test
  void openConnectionsAreThoseOfTheLastReport() {
    world.report(web, EdgeOf.to("10.0.0.2").opened(3, 3).edge());
    assertThat(only(ALL).open()).isEqualTo(3);
    world.now += 5_000;
    world.report(web, EdgeOf.to("10.0.0.2").opened(0, 2).edge());
    assertThat(only(ALL).open()).isEqualTo(2);
    world.now += 5_000;
    world.report(web);
    assertThat(only(ALL).open()).as("not mentioned any more").isZero();
  }

  @Test
  void openConnectionsKeepAPairAliveUntilTheProxyIsGone() {
    world.report(web, EdgeOf.to("10.0.0.2").opened(1, 1).edge());
    for (int i = 0; i < 300; i++) {
      world.now += 5_000;
      world.report(web, EdgeOf.to("10.0.0.2").opened(0, 1).edge());
      world.store.sweep();
    }
    assertThat(only(ALL).open()).isEqualTo(1);
    world.store.gone(web);
    assertThat(world.store.pairs(ALL)).as("nothing within the window, nothing open").isEmpty();
    world.now += 700_000;
    world.store.sweep();
    assertThat(world.store.figures().pairs()).isZero();
    assertThat(world.store.figures().proxies()).isZero();
  }

  @Test
  void aProxyThatFallsSilentHasNoOpenConnectionsAnyMore() {
    world.report(web, EdgeOf.to("10.0.0.2").opened(1, 1).edge());
    world.now += 89_000;
    assertThat(only(ALL).open()).isEqualTo(1);
    world.now += 1_000;
    assertThat(only(ALL).open()).isZero();
  }

  /** Where pods are not known to anybody, a proxy may call itself what it likes. */
  @Test
  void inventedPodsPushOutTheirOwnKindAndNobodyElse() {
    world.report(web, EdgeOf.to("10.0.0.2").requests(1, 1).edge());
    world.report(world.proxy("of-another", "batch"), EdgeOf.to("10.0.0.2").requests(1, 1).edge());
    for (int i = 0; i < ObservationStore.UNKNOWN_PODS_OF_IDENTITY; i++) {
      world.now += 1_000;
      world.report(world.proxy("made-up-" + i, "web"), EdgeOf.to("10.0.0.2").requests(1, 1).edge());
    }
    int kept = ObservationStore.UNKNOWN_PODS_OF_IDENTITY + 2;
    assertThat(world.store.pairs(ALL)).hasSize(kept);
    world.now += 1_000;
    world.report(world.proxy("made-up-more", "web"), EdgeOf.to("10.0.0.2").requests(7, 7).edge());
    assertThat(world.store.pairs(ALL)).hasSize(kept);
    world.report(web, EdgeOf.to("10.0.0.2").requests(1, 1).edge());
    assertThat(world.store.pairs(ALL)).hasSize(kept);
  }

  @Test
  void edgesThatDifferInThePortAloneAreOnePair() {
    Edge one = EdgeOf.to("10.0.0.2").opened(1, 1).edge();
    world.report(web, one, one);
    assertThat(only(ALL).open()).isEqualTo(2);
    assertThat(only(ALL).counts()[Counts.OPENED]).isEqualTo(2);
  }

  @Test
  void theSameReportTwiceCountsOnce() {
    var report = report(1, EdgeOf.to("10.0.0.2").requests(7, 7).edge());
    world.store.report(web, report);
    world.store.report(web, report);
    // Its stream broke, and it does not know whether the report arrived.
    ConnectedProxy again = world.proxy("web-5d9-1", "web");
    world.store.report(again, report);
    assertThat(only(ALL).requests()).isEqualTo(7);
    assertThat(world.store.figures().duplicates()).isEqualTo(2);
  }

  @Test
  void aProxyThatWasStartedAnewCountsFromOneAgain() {
    for (int i = 1; i <= 9; i++) {
      world.store.report(web, report(i, EdgeOf.to("10.0.0.2").requests(1, 1).edge()));
    }
    ConnectedProxy anew = world.proxy("web-5d9-1", "web");
    world.store.report(anew, report(1, EdgeOf.to("10.0.0.2").requests(100, 1).edge()));
    world.store.report(anew, report(2, EdgeOf.to("10.0.0.2").requests(100, 1).edge()));
    assertThat(only(ALL).requests()).isEqualTo(209);
    assertThat(world.store.figures().duplicates()).isZero();
  }

  @Test
  void theEndOfAnOldStreamDoesNotEndItsSuccessor() {
    world.report(web, EdgeOf.to("10.0.0.2").opened(1, 1).edge());
    ConnectedProxy again = world.proxy("web-5d9-1", "web");
    world.report(again, EdgeOf.to("10.0.0.2").opened(0, 1).edge());
    world.store.gone(web);
    assertThat(only(ALL).open()).isEqualTo(1);
  }

  /** It comes through the replica that the proxy has left. */
  @Test
  void aLateReportCountsAndTakesNothingOver() {
    world.report(web, EdgeOf.to("10.0.0.2").requests(1, 1).opened(1, 1).edge());
    ConnectedProxy moved = world.proxy("web-5d9-1", "web", Instant.EPOCH.plusSeconds(1));
    world.report(moved, EdgeOf.to("10.0.0.2").requests(1, 1).opened(0, 1).edge());
    world.report(web, EdgeOf.to("10.0.0.2").requests(1, 1).opened(0, 7).edge());
    assertThat(only(ALL).open()).isEqualTo(1);
    assertThat(only(ALL).requests()).isEqualTo(3);
    world.store.gone(web);
    assertThat(only(ALL).open()).as("it is connected elsewhere").isEqualTo(1);
    world.store.gone(moved);
    assertThat(world.store.pairs(ALL).stream().mapToDouble(PairTotals::open).sum()).isZero();

    // Clocks of replicas differ: one that has left for good does not count.
    ConnectedProxy third = world.proxy("web-5d9-1", "web");
    world.report(third, EdgeOf.to("10.0.0.2").opened(0, 2).edge());
    assertThat(only(ALL).open()).isEqualTo(2);
  }

  static Stream<Edge> absurd() {
    var tooMany = new ArrayList<>(MeshWorld.latency(0, 1));
    tooMany.add(1L);
    var negative = new ArrayList<>(MeshWorld.latency(0, 1));
    negative.set(3, -1L);
    return Stream.of(
        EdgeOf.to("10.0.0.2").requests(-1, -1).edge(),
        EdgeOf.to("10.0.0.2").requests(1, 2).edge(),
        EdgeOf.to("10.0.0.2").requests(1, -1).edge(),
        EdgeOf.to("10.0.0.2").requests((1L << 40) + 1, 0).edge(),
        EdgeOf.to("10.0.0.2").requests(Long.MAX_VALUE, Long.MAX_VALUE).edge(),
        EdgeOf.to("10.0.0.2").bytes((1L << 50) + 1, 0).edge(),
        EdgeOf.to("10.0.0.2").bytes(0, -1).edge(),
        EdgeOf.to("10.0.0.2").opened(-1, 0).edge(),
        EdgeOf.to("10.0.0.2").opened(0, -1).edge(),
        EdgeOf.to("10.0.0.2").requests(1, 1).latencies(tooMany).edge(),
        EdgeOf.to("10.0.0.2").requests(1, 1).latencies(negative).edge(),
        EdgeOf.to("10.0.0.2").requests(1, 1).latencies(List.of(1L)).edge(),
        EdgeOf.to("10.0.0.2").requests(1, 1).route("x".repeat(2_049)).edge(),
        EdgeOf.to("10.0.0.2").requests(1, 1).service("x".repeat(2_049)).edge(),
        EdgeOf.to("emoji.default").requests(1, 1).edge(),
        EdgeOf.to("").requests(1, 1).edge(),
        EdgeOf.to("10.0.0.2\n").requests(1, 1).edge());
  }

  @ParameterizedTest
  @MethodSource("absurd")
  void anAbsurdEntryIsLetFallAndTheOthersCount(Edge absurd) {
    world.report(web, absurd, EdgeOf.to("10.0.0.2").requests(1, 1).edge());
    assertThat(only(ALL).requests()).isEqualTo(1);
    assertThat(world.store.figures().absurdEntries()).isEqualTo(1);
  }

  @Test
  void theLargestNumbersAreTakenAndNeverTurnNegative() {
    for (int i = 0; i < 100; i++) {
      world.now += 1_000;
      world.report(
          web, EdgeOf.to("10.0.0.2").requests(1L << 40, 1L << 40).bytes(1L << 50, 1).edge());
    }
    assertThat(only(ALL).requests()).isEqualTo(100.0 * (1L << 40));
    assertThat(world.store.figures().absurdEntries()).isZero();
  }

  @Test
  void anAbsurdReportIsLetFallAsAWhole() {
    List<Edge> edges = List.of(EdgeOf.to("10.0.0.2").requests(1, 1).edge());
    world.store.report(web, new TrafficReport(0, 5_000, edges, List.of()));
    world.store.report(web, new TrafficReport(-4, 5_000, edges, List.of()));
    world.store.report(web, new TrafficReport(1, -1, edges, List.of()));
    world.store.report(web, new TrafficReport(1, 3_600_001, edges, List.of()));
    world.store.report(web, new TrafficReport(1, Long.MAX_VALUE, edges, List.of()));
    assertThat(world.store.pairs(ALL)).isEmpty();
    assertThat(world.store.figures().absurdReports()).isEqualTo(5);
    world.store.report(web, new TrafficReport(1, 0, edges, List.of()));
    world.store.report(web, new TrafficReport(2, 3_600_000, edges, List.of()));
    assertThat(world.store.figures().reports()).isEqualTo(2);
  }

  @Test
  void aProxyHasSoManyPairsAndWithOneMoreTheLeastUsedGoes() {
    var small = new MeshWorld(new ObservationLimits(100, 3, 100, 3, 100));
    ConnectedProxy proxy = small.proxy("p", "web");
    small.report(proxy, to(1), to(2), to(3));
    assertThat(small.store.figures().pairs()).isEqualTo(3);
    assertThat(small.store.figures().evictedPairs()).isZero();
    small.report(proxy, to(1)); // now 2 is the one unused for longest
    small.report(proxy, to(4));
    assertThat(small.store.figures().pairs()).isEqualTo(3);
    assertThat(small.store.figures().evictedPairs()).isEqualTo(1);
    assertThat(small.store.recentEvictions()).isEqualTo(1);
    assertThat(small.store.pairs(ALL))
        .extracting(pair -> pair.peer().address())
        .containsExactlyInAnyOrder("10.1.0.1", "10.1.0.3", "10.1.0.4");
    small.now += 620_000;
    assertThat(small.store.recentEvictions()).isZero();
  }

  @Test
  void allProxiesTogetherHaveSoManyPairs() {
    var small = new MeshWorld(new ObservationLimits(3, 3, 100, 3, 100));
    ConnectedProxy one = small.proxy("p", "web");
    ConnectedProxy other = small.proxy("q", "web");
    small.report(one, to(1), to(2));
    small.report(other, to(3));
    assertThat(small.store.figures().evictedPairs()).isZero();
    small.report(other, to(4));
    assertThat(small.store.figures().pairs()).isEqualTo(3);
    assertThat(small.store.figures().evictedPairs()).isEqualTo(1);
    assertThat(small.store.pairs(ALL))
        .extracting(pair -> pair.peer().address())
        .containsExactlyInAnyOrder("10.1.0.2", "10.1.0.3", "10.1.0.4");
  }

  @Test
  void callsAreBoundedAlike() {
    var small = new MeshWorld(new ObservationLimits(100, 100, 3, 2, 100));
    ConnectedProxy one = small.proxy("p", "web");
    ConnectedProxy other = small.proxy("q", "web");
    small.report(one, 5_000, List.of(), List.of(call("/a", 1), call("/b", 1)));
    small.report(other, 5_000, List.of(), List.of(call("/c", 1)));
    assertThat(small.store.figures().evictedCalls()).isZero();
    small.report(one, 5_000, List.of(), List.of(call("/d", 1))); // one's own bound
    small.report(other, 5_000, List.of(), List.of(call("/e", 1))); // everybody's
    assertThat(small.store.figures().evictedCalls()).isEqualTo(2);
    assertThat(small.store.calls())
        .extracting(CallTotals::path)
        .containsExactlyInAnyOrder("/c", "/d", "/e");
  }

  @Test
  void callsAreThoseOfTheLastMinute() {
    world.now = 1_000_000;
    world.report(
        web,
        5_000,
        List.of(),
        List.of(
            new Call(Direction.OUTBOUND, "10.0.0.2", 80, "", "GET", "/a", 3, 2, 100, 900, 500)));
    world.now += 30_000;
    world.report(
        web,
        5_000,
        List.of(),
        List.of(new Call(Direction.OUTBOUND, "10.0.0.2", 80, "", "GET", "/a", 1, 1, 50, 50, 50)));
    CallTotals call = world.store.calls().getFirst();
    assertThat(call.count()).isEqualTo(4);
    assertThat(call.successes()).isEqualTo(3);
    assertThat(call.bestMicros()).isEqualTo(50);
    assertThat(call.worstMicros()).isEqualTo(900);
    assertThat(call.lastMicros()).isEqualTo(50);
    world.now += 50_000;
    call = world.store.calls().getFirst();
    assertThat(call.count()).isEqualTo(1);
    assertThat(call.worstMicros()).isEqualTo(50);
    world.now += 60_000;
    assertThat(world.store.calls()).isEmpty();
    world.store.sweep();
    assertThat(world.store.figures().calls()).isZero();
  }

  @Test
  void absurdCallsAreLetFall() {
    world.report(
        web,
        5_000,
        List.of(),
        List.of(
            new Call(Direction.OUTBOUND, "10.0.0.2", 80, "", "GET", "/", -1, 0, 0, 0, 0),
            new Call(Direction.OUTBOUND, "10.0.0.2", 80, "", "GET", "/", 1, 2, 0, 0, 0),
            new Call(Direction.OUTBOUND, "10.0.0.2", 80, "", "GET", "/", 1, 1, 9, 8, 9),
            new Call(Direction.OUTBOUND, "nobody", 80, "", "GET", "/", 1, 1, 1, 1, 1)));
    assertThat(world.store.calls()).isEmpty();
    assertThat(world.store.figures().absurdEntries()).isEqualTo(4);
  }

  @Test
  void aPeerKeepsTheNameOfThePodThatHadTheAddressThen() {
    world.report(web, EdgeOf.to("10.0.0.2").requests(1, 1).edge());
    world.now += 60_000;
    world.remove("Pod", "emoji-5d9-1").deploymentPod("voting", "1", "10.0.0.2").sync();
    world.now += 5_000;
    world.report(web, EdgeOf.to("10.0.0.2").requests(2, 2).edge());
    assertThat(world.store.pairs(ALL))
        .extracting(p -> p.peer().pod().orElseThrow().key().name() + " " + (long) p.requests())
        .containsExactlyInAnyOrder("emoji-5d9-1 1", "voting-5d9-1 2");
  }

  @Test
  void aPeerWhosePodIsLearntLaterGetsItsName() {
    world.report(web, EdgeOf.to("10.0.0.7").unsecured(Security.NOT_MESHED).requests(1, 1).edge());
    assertThat(only(ALL).peer().pod()).isEmpty();
    world.now += 1_000;
    world.deploymentPod("late", "1", "10.0.0.7").sync();
    assertThat(only(ALL).peer().pod().orElseThrow().key().name()).isEqualTo("late-5d9-1");
  }

  private PairTotals only(Duration window) {
    List<PairTotals> pairs = world.store.pairs(window);
    assertThat(pairs).hasSize(1);
    return pairs.getFirst();
  }

  private static TrafficReport report(long sequence, Edge edge) {
    return new TrafficReport(sequence, 5_000, List.of(edge), List.of());
  }

  private static Edge to(int host) {
    return EdgeOf.to("10.1.0." + host).requests(1, 1).edge();
  }

  private static Call call(String path, long count) {
    return new Call(Direction.OUTBOUND, "10.0.0.2", 80, "", "GET", path, count, count, 1, 1, 1);
  }
}
