// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.selvage.gateway.compile.GatewayCompiler;
import io.selvage.gateway.fixture.Manifests;
import io.selvage.gateway.fixture.MemorySource;
import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.gateway.translate.Processor;
import io.selvage.kube.StatusSink;
import io.selvage.model.ObjectStatus;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RoutingModel;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CompileLoopTest {
  private static final String KEY = "default/web/80";

  private final MemorySource source = new MemorySource();
  private final Plane plane = new Plane();
  private final Sink sink = new Sink();
  private @Nullable CompileLoop loop;

  /** A data path that remembers. */
  private static final class Plane implements TrafficPlane {
    final List<RoutingModel> applied = new CopyOnWriteArrayList<>();
    final Map<String, EndpointSet> endpoints = new ConcurrentHashMap<>();
    final List<EndpointSet> updates = new CopyOnWriteArrayList<>();
    volatile List<Problem> answer = List.of();
    volatile boolean fails;
    final AtomicInteger refused = new AtomicInteger();

    @Override
    public List<Problem> apply(RoutingModel model, Map<String, EndpointSet> sets) {
      if (fails) {
        refused.incrementAndGet();
        throw new IllegalStateException("planned");
      }
      endpoints.putAll(sets);
      applied.add(model);
      return answer;
    }

    @Override
    public void updateEndpoints(Collection<EndpointSet> sets) {
      sets.forEach(s -> endpoints.put(s.key(), s));
      updates.addAll(sets);
    }

    List<String> addresses() {
      var set = endpoints.getOrDefault(KEY, EndpointSet.empty(KEY));
      return set.endpoints().stream().map(EndpointSet.Endpoint::address).toList();
    }

    @Override
    public int boundPort(ListenerSpec listener) {
      return 0;
    }

    @Override
    public void drain(Duration lameDuck, Duration atMost) {}

    @Override
    public void close() {}
  }

  private static final class Sink implements StatusSink {
    final List<List<ObjectStatus>> reports = new CopyOnWriteArrayList<>();
    final List<List<Problem>> unclaimed = new CopyOnWriteArrayList<>();

    @Override
    public void report(
        ClusterState state, Collection<ObjectStatus> statuses, List<Problem> problems) {
      reports.add(List.copyOf(statuses));
      unclaimed.add(List.copyOf(problems));
    }

    @Override
    public void close() {}
  }

  @AfterEach
  void stop() {
    if (loop != null) {
      loop.close();
    }
  }

  private void start(GatewayCompiler compiler) {
    loop =
        new CompileLoop(
            compiler, CompileOptions.defaults(), plane, sink, CompileObserver.none(), live -> {});
    source.start(loop);
  }

  private void put(String... yaml) {
    source.put(Manifests.state(yaml));
  }

  private void awaitApplied(int count) {
    // The loop reports last of all: before that it has yet to take note of what it applied.
    await()
        .until(() -> plane.applied.size() >= count && sink.reports.size() >= plane.applied.size());
  }

  private static String[] web() {
    return new String[] {
      Manifests.ingress("web", "a.example", "/", "web"),
      Manifests.service("web"),
      Manifests.slice("web", 3000, "10.0.0.1")
    };
  }

  @Test
  void anEndpointChangeReachesTheDataPathWithoutACompilation() {
    start(GatewayCompiler.standard());
    put(web());
    awaitApplied(1);

    put(Manifests.slice("web", 3000, "10.0.0.1", "10.0.0.2"));

    // Synchronous: it is there when the source's call returns.
    assertThat(plane.addresses()).containsExactly("10.0.0.1", "10.0.0.2");
    assertThat(plane.updates).hasSize(1);
    assertThat(plane.applied).hasSize(1);
  }

  @Test
  void aDeletedSliceTakesItsAddressesAway() {
    start(GatewayCompiler.standard());
    put(web());
    awaitApplied(1);

    source.change(s -> s.remove(new ObjectRef(Kind.ENDPOINT_SLICE.name(), "default", "web-3000")));

    assertThat(plane.addresses()).isEmpty();
  }

  @Test
  void endpointsOfServicesNobodyRoutesToAreIgnored() {
    start(GatewayCompiler.standard());
    put(web());
    awaitApplied(1);

    put(Manifests.slice("stranger", 1, "10.9.9.9"));

    assertThat(plane.updates).isEmpty();
  }

  @Test
  void anOlderCompilationDoesNotUndoANewerEndpointChange() throws InterruptedException {
    var compiling = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    var processors = new ArrayList<Processor>();
    processors.add(blocker(compiling, goOn));
    processors.add(new io.selvage.gateway.translate.DefaultListeners());
    processors.add(new io.selvage.gateway.translate.ingress.IngressProcessor());
    start(new GatewayCompiler(processors));
    put(web());
    assertThat(compiling.await(30, TimeUnit.SECONDS)).isTrue();

    // When an endpoint changes while the compilation, which has not seen it, is under way
    put(Manifests.slice("web", 3000, "10.0.0.7"));
    goOn.countDown();

    awaitApplied(1);
    assertThat(plane.addresses()).containsExactly("10.0.0.7");
  }

  private static Processor blocker(CountDownLatch compiling, CountDownLatch goOn) {
    return new Processor() {
      @Override
      public String name() {
        return "blocker";
      }

      @Override
      public void process(CompileContext context) {
        compiling.countDown();
        try {
          goOn.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  @Test
  void aServiceEditedWithItsIngressLosesNothingBeforeBothAreLive() {
    start(GatewayCompiler.standard());
    put(web());
    awaitApplied(1);

    // When the Service's port is renumbered, and an endpoint changes before the next compilation
    ClusterState service =
        Manifests.state(Manifests.service("web").replace("port: 80", "port: 81"));
    ClusterState slice = Manifests.state(Manifests.slice("web", 3000, "10.0.0.1", "10.0.0.2"));
    source.put(service);
    source.put(slice);

    assertThat(plane.addresses()).containsExactly("10.0.0.1", "10.0.0.2");
  }

  @Test
  void manyChangesAtOnceCostOneCompilation() {
    start(GatewayCompiler.standard());
    put(web());
    awaitApplied(1);

    // Read before, so that they come as fast as they can.
    var changes = new ArrayList<ClusterState>();
    for (int i = 0; i < 20; i++) {
      changes.add(
          Manifests.state(Manifests.ingress("more-" + i, "h" + i + ".example", "/", "web")));
    }
    changes.forEach(source::put);

    awaitApplied(2);
    await()
        .untilAsserted(() ->
            assertThat(plane.applied.getLast().routeTables().get("all").virtualHosts())
                .hasSize(21));
    assertThat(plane.applied).hasSize(2);
  }

  @Test
  void anEqualModelIsNotAppliedAgainButReported() {
    start(GatewayCompiler.standard());
    put(web());
    awaitApplied(1);

    put(Manifests.service("unused"));

    await().until(() -> sink.reports.size() == 2);
    assertThat(plane.applied).hasSize(1);
  }

  @Test
  void aFaultLeavesTheLastModelAndTheNextChangeIsTriedAgain() {
    start(GatewayCompiler.standard());
    put(web());
    awaitApplied(1);
    plane.fails = true;
    put(Manifests.ingress("more", "b.example", "/", "web"));
    await().until(() -> plane.refused.get() >= 1);
    await().during(300, TimeUnit.MILLISECONDS).until(() -> plane.applied.size() == 1);
    plane.fails = false;

    put(Manifests.ingress("third", "c.example", "/", "web"));

    awaitApplied(2);
    assertThat(plane.applied.getLast().routeTables().get("all").virtualHosts()).hasSize(3);
  }

  @Test
  void theModelThatStaysAfterAFaultStillHearsOfItsEndpoints() {
    start(GatewayCompiler.standard());
    put(web());
    awaitApplied(1);
    plane.fails = true;
    // The model that is refused does not use the Service any more; the one that stays does.
    put(Manifests.ingress("web", "a.example", "/", "other"));
    await().until(() -> plane.refused.get() >= 1);
    await().during(300, TimeUnit.MILLISECONDS).until(() -> plane.applied.size() == 1);

    put(Manifests.slice("web", 3000, "10.0.0.2"));

    assertThat(plane.addresses()).containsExactly("10.0.0.2");
  }

  @Test
  void aProblemOfApplyingReachesTheStatusOfItsObject() {
    var ref = new ObjectRef("Ingress", "default", "web");
    plane.answer = List.of(Problem.error(ref, "spec", "RouteRejected", "planned"));
    start(GatewayCompiler.standard());

    put(web());

    await().until(() -> !sink.reports.isEmpty());
    assertThat(sink.reports.getFirst())
        .singleElement()
        .satisfies(s -> {
          assertThat(s.state()).isEqualTo(ObjectStatus.State.PARTIAL);
          assertThat(s.reason()).isEqualTo("RouteRejected");
          assertThat(s.problems()).hasSize(1);
        });
    assertThat(sink.unclaimed.getFirst()).isEmpty();
  }

  @Test
  void nothingIsAppliedBeforeTheFirstSync() {
    start(GatewayCompiler.standard());

    await().during(200, TimeUnit.MILLISECONDS).until(() -> plane.applied.isEmpty());
    source.change(store -> {});

    awaitApplied(1);
    List<KubeObject> none = List.of();
    assertThat(plane.applied.getFirst().routeTables().get("all").virtualHosts()).isEqualTo(none);
  }

  @Test
  void aCertificateThatBecomesValidIsServedWithoutAnyChange() {
    var now = new AtomicReference<>(Instant.now().minus(Duration.ofDays(365)));
    TestCertificate certificate = TestCa.root("root").leaf("web").dns("a.example").issue();
    lookingAgain(CompileOptions.defaults().withClock(now::get));
    put(
        Manifests.tlsSecret("web-tls", certificate.chainPem(), certificate.keyPem()),
        """
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: tls}
        spec:
          ingressClassName: selvage
          tls: [{hosts: [a.example], secretName: web-tls}]
        """);
    awaitApplied(1);
    assertThat(plane.applied.getFirst().listeners()).hasSize(1);

    now.set(Instant.now());

    awaitApplied(2);
    assertThat(plane.applied.getLast().listeners()).hasSize(2);
  }

  @Test
  void aProblemOfApplyingIsForgottenOnceItIsGone() {
    var ref = new ObjectRef("Ingress", "default", "web");
    plane.answer = List.of(Problem.error(ref, "spec", "PortInUse", "planned"));
    lookingAgain(CompileOptions.defaults());
    put(web());
    awaitApplied(1);

    plane.answer = List.of();

    await().until(() -> sink.reports.getLast().getFirst().problems().isEmpty());
  }

  private void lookingAgain(CompileOptions options) {
    loop =
        new CompileLoop(
            GatewayCompiler.standard(),
            options,
            plane,
            sink,
            CompileObserver.none(),
            live -> {},
            Duration.ofMillis(50));
    source.start(loop);
  }
}
