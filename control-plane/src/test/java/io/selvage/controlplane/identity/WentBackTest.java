// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.selvage.controlplane.identity.RotationState.Phase;
import io.selvage.controlplane.identity.RotationState.Prune;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.kube.EventSink;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.api.NamedObjects;
import io.selvage.model.Problem;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Old manifests of an installation are applied again after its root was replaced. */
class WentBackTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SECRET = "secrets/" + ClusterStorage.SECRET;
  private static final String CONFIG_MAP = "configmaps/" + ClusterStorage.CONFIG_MAP;
  private static final WorkloadIdentity SELF =
      new WorkloadIdentity("cluster.local", "selvage", "control-plane");

  /** What an API server keeps: objects by resource and name, and a version that grows. */
  private final Map<String, ObjectNode> objects = new ConcurrentHashMap<>();

  private final List<EventSink.Event> events = new CopyOnWriteArrayList<>();
  private final TestClock clock = new TestClock();
  private final IdentityOptions options = IdentityOptions.defaults(SELF);
  private long version;

  /** Writes that are to be answered as if somebody else had been faster. */
  private int conflicts;

  private HttpServer server;
  private ApiServer api;
  private IssuerStore store;
  private Rotation rotation;
  private ObjectNode oldSecret;
  private ObjectNode oldConfigMap;
  private TrustBundle old;
  private TrustBundle fresh;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort() + "/")
            .build();
    api = ApiServer.connect(config, ApiServerOptions.DEFAULT);
    restart();
    old = store.trust().bundle();
    oldSecret = objects.get(SECRET).deepCopy();
    oldConfigMap = objects.get(CONFIG_MAP).deepCopy();
  }

  @AfterEach
  void stop() {
    api.close();
    server.stop(0);
  }

  private void restart() {
    var storage = new ClusterStorage(new NamedObjects(api), "selvage", false);
    store = new IssuerStore(options, storage, new ServiceAccountEvents(events::add, SELF));
    rotation =
        new Rotation(
            options,
            storage,
            store,
            List::of,
            () -> {},
            new Replicas(
                "one",
                "life",
                options.settle(),
                clock::nanos,
                () -> Optional.of(Set.of()),
                storage.board()),
            clock::nanos);
    refresh();
  }

  private synchronized void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath().replaceFirst(".*/namespaces/selvage/", "");
    byte[] sent = exchange.getRequestBody().readAllBytes();
    ObjectNode answer;
    int status = 200;
    if (exchange.getRequestMethod().equals("GET")) {
      answer = objects.get(path);
    } else {
      answer = (ObjectNode) JSON.readTree(sent);
      String name = answer.at("/metadata/name").asText();
      String key = path.contains("/") ? path : path + "/" + name;
      ObjectNode before = objects.get(key);
      String versionBefore = before == null ? "" : before.at("/metadata/resourceVersion").asText();
      boolean late = conflicts > 0;
      conflicts -= late ? 1 : 0;
      if (late || !answer.at("/metadata/resourceVersion").asText().equals(versionBefore)) {
        status = 409;
        answer = status("Conflict", 409);
      } else {
        answer.withObject("/metadata").put("resourceVersion", Long.toString(++version));
        objects.put(key, answer);
      }
    }
    if (answer == null) {
      status = 404;
      answer = status("NotFound", 404);
    }
    byte[] body = answer.toString().getBytes(UTF_8);
    try (exchange) {
      exchange.getResponseHeaders().set("content-type", "application/json");
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static ObjectNode status(String reason, int code) {
    return JSON.createObjectNode()
        .put("kind", "Status")
        .put("apiVersion", "v1")
        .put("status", "Failure")
        .put("reason", reason)
        .put("code", code);
  }

  /** As {@code kubectl apply} does: data are replaced, what others have put there stays. */
  private void apply(String key, ObjectNode manifest) {
    ObjectNode now = objects.get(key).deepCopy();
    now.set("data", manifest.get("data").deepCopy());
    now.withObject("/metadata").put("resourceVersion", Long.toString(++version));
    objects.put(key, now);
  }

  /** What is read is judged when it is the same twice. */
  private void refresh() {
    for (int i = 0; i < 3 && store.refresh(clock.instant()); i++) {
      clock.advance(Duration.ofMillis(300));
    }
  }

  private void rotate() throws Exception {
    clock.advance(Duration.ofHours(1));
    rotation.start(Prune.NOW, Duration.ofMinutes(5), clock.instant());
    for (int i = 0; i < 30 && rotation.phase() != Phase.DONE; i++) {
      clock.advance(options.settle());
      rotation.step(clock.instant());
      refresh();
    }
    assertThat(rotation.phase()).isEqualTo(Phase.DONE);
    fresh = store.trust().bundle();
    assertThat(fresh.containsAll(old)).isFalse();
    assertThat(events).extracting(EventSink.Event::message).noneMatch(m -> m.contains("again"));
    clock.advance(Duration.ofHours(1));
  }

  /** As {@code kubectl replace} of a backup does: it brings its annotations. */
  private void replace(String key, ObjectNode backup) {
    ObjectNode now = backup.deepCopy();
    now.withObject("/metadata").put("resourceVersion", Long.toString(++version));
    objects.put(key, now);
  }

  private void assertPresent() {
    assertThat(store.trust().bundle()).isEqualTo(fresh);
    assertThat(fresh.anchors()).containsExactly(store.trust().issuer().anchor());
    assertThat(store.problem()).isEmpty();
    assertThat(objects.get(CONFIG_MAP).at("/data/ca-bundle.crt").asText()).isEqualTo(fresh.pem());
    assertThat(objects.get(SECRET).get("data")).isNotEqualTo(oldSecret.get("data"));
    assertThat(events)
        .extracting(EventSink.Event::message)
        .anyMatch(m -> m.contains("are there again"));
    restart();
    assertThat(store.trust().bundle()).isEqualTo(fresh);
  }

  @Test
  void theReplacedRootIsNotTakenBack() throws Exception {
    rotate();
    long revision = store.trust().revision();
    apply(CONFIG_MAP, oldConfigMap);
    apply(SECRET, oldSecret);
    refresh();
    assertThat(store.trust().revision()).isGreaterThan(revision);
    assertPresent();
  }

  @Test
  void norAfterTheObjectsWereDeletedAndMadeAnew() throws Exception {
    rotate();
    objects.put(CONFIG_MAP, oldConfigMap.deepCopy());
    objects.put(SECRET, oldSecret.deepCopy());
    refresh();
    assertPresent();
  }

  /** The record in the backup says that the root of the first rotation is the one to stay. */
  @Test
  void aBackupThatBringsTheRecordOfAnEarlierRotationIsNotTakenBack() throws Exception {
    rotate();
    oldSecret = objects.get(SECRET).deepCopy();
    oldConfigMap = objects.get(CONFIG_MAP).deepCopy();
    assertThat(oldConfigMap.at("/metadata/annotations").toString()).contains("DONE");
    old = fresh;
    rotate();
    ObjectNode present = objects.get(CONFIG_MAP).deepCopy();
    replace(CONFIG_MAP, oldConfigMap);
    replace(SECRET, oldSecret);
    refresh();
    assertPresent();
    assertThat(record(objects.get(CONFIG_MAP))).isEqualTo(record(present));

    clock.advance(Duration.ofMinutes(1));
    events.clear();
    present.withObject("/metadata").set("annotations", oldConfigMap.at("/metadata/annotations"));
    replace(CONFIG_MAP, present);
    refresh();
    assertPresent();
    assertThat(record(objects.get(CONFIG_MAP))).contains(fresh.pem().lines().toList().get(1));
  }

  private static String record(ObjectNode configMap) {
    return configMap.at("/metadata/annotations").path(ClusterStorage.ROTATION).asText();
  }

  @Test
  void norOneOfTheTwoAlone() throws Exception {
    rotate();
    apply(SECRET, oldSecret);
    refresh();
    assertPresent();
    events.clear();
    clock.advance(Duration.ofMinutes(1));
    apply(CONFIG_MAP, oldConfigMap);
    refresh();
    assertPresent();
  }

  /** As {@code kubectl apply} does when one object takes it longer than the other. */
  @Test
  void norTheTwoOneAfterTheOther() throws Exception {
    rotate();
    for (int i = 0; i < 2; i++) {
      apply(CONFIG_MAP, oldConfigMap);
      refresh();
      assertThat(store.problem()).isEmpty();
      apply(SECRET, oldSecret);
      refresh();
      assertThat(store.problem()).isEmpty();
      assertThat(objects.get(SECRET).get("data")).isNotEqualTo(oldSecret.get("data"));
      clock.advance(Duration.ofMinutes(1));
    }
    assertPresent();
  }

  /** What could not be written must not count as written. */
  @Test
  void aWriteThatComesTooLateIsTriedAgainAtOnce() throws Exception {
    rotate();
    apply(CONFIG_MAP, oldConfigMap);
    apply(SECRET, oldSecret);
    conflicts = 1;
    refresh();
    assertThat(conflicts).isZero();
    assertPresent();
  }

  /** It knows the old and the new anchors; the record says that the old ones have gone since. */
  @Test
  void aReplicaThatHasNotFollowedLeavesItToOneThatHas() throws Exception {
    clock.advance(Duration.ofHours(1));
    rotation.start(Prune.AFTER_LEAF_LIFETIME, Duration.ofMinutes(5), clock.instant());
    for (int i = 0; i < 5; i++) {
      clock.advance(options.settle());
      rotation.step(clock.instant());
      refresh();
    }
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    var state = RotationState.parse(record(objects.get(CONFIG_MAP)));
    ObjectNode done = objects.get(CONFIG_MAP).deepCopy();
    done.withObject("/metadata")
        .withObject("/annotations")
        .put(ClusterStorage.ROTATION, state.in(Phase.DONE, clock.instant()).json());
    ObjectNode freshSecret = objects.get(SECRET).deepCopy();
    replace(CONFIG_MAP, done);
    apply(CONFIG_MAP, oldConfigMap);
    apply(SECRET, oldSecret);
    refresh();
    assertThat(store.problem().map(Problem::reason)).contains(IssuerStore.WENT_BACK);
    assertThat(objects.get(CONFIG_MAP).get("data")).isEqualTo(oldConfigMap.get("data"));

    done.withObject("/data").put("ca-bundle.crt", state.newAnchor());
    replace(CONFIG_MAP, done);
    apply(SECRET, freshSecret);
    refresh();
    assertThat(store.problem()).isEmpty();
    assertThat(store.trust().bundle().pem()).isEqualTo(state.newAnchor());
  }

  /** Two who undo each other's work without end would be worse. */
  @Test
  void whoAppliesThemAgainAndAgainIsNotRaced() throws Exception {
    rotate();
    for (int i = 0; i < 3; i++) {
      apply(CONFIG_MAP, oldConfigMap);
      apply(SECRET, oldSecret);
      refresh();
      assertThat(store.trust().bundle()).isEqualTo(fresh);
      assertThat(store.problem().map(Problem::reason).orElse(""))
          .isEqualTo(i == 0 ? "" : IssuerStore.WENT_BACK);
    }
    clock.advance(Duration.ofMinutes(1));
    refresh();
    assertPresent();
  }

  @Test
  void aControlPlaneThatStartsWithThemIssuesNothingUntilSomebodyDecides() throws Exception {
    rotate();
    apply(CONFIG_MAP, oldConfigMap);
    apply(SECRET, oldSecret);
    restart();
    assertThat(store.trust()).isNull();
    assertThat(store.problem().map(Problem::reason)).contains(IssuerStore.WENT_BACK);
    objects.get(CONFIG_MAP).withObject("/metadata").remove("annotations");
    refresh();
    assertThat(store.trust().bundle()).isEqualTo(old);
  }

  @Test
  void anchorsThatNobodyHasHeardOfAreRefusedAndThoseBesideTheOldOnesAreNot() {
    var other =
        CertificateAuthorities.create("cluster.local", clock.instant(), Duration.ofDays(30));
    ObjectNode configMap = oldConfigMap.deepCopy();
    ObjectNode secret = oldSecret.deepCopy();
    configMap.withObject("/data").put("ca-bundle.crt", other.bundle().pem());
    secret.withObject("/data").put("tls.crt", base64(other.issuerPem()));
    secret.withObject("/data").put("tls.key", base64(other.issuerKeyPem()));
    apply(CONFIG_MAP, configMap);
    apply(SECRET, secret);
    refresh();
    assertThat(store.trust().bundle()).isEqualTo(old);
    assertThat(store.problem().map(Problem::reason)).contains(IssuerStore.UNHEARD);

    configMap.withObject("/data").put("ca-bundle.crt", old.plus(other.bundle()).pem());
    apply(CONFIG_MAP, configMap);
    refresh();
    assertThat(store.problem()).isEmpty();
    assertThat(store.trust().issuer().anchor()).isEqualTo(other.root());
    configMap.withObject("/data").put("ca-bundle.crt", other.bundle().pem());
    apply(CONFIG_MAP, configMap);
    refresh();
    assertThat(store.problem()).isEmpty();
    assertThat(store.trust().bundle()).isEqualTo(other.bundle());
  }

  /** While a rotation runs, both anchors are believed, and an old issuer would pass. */
  @Test
  void theOldIssuerDoesNotComeBackDuringARotation() throws Exception {
    clock.advance(Duration.ofHours(1));
    rotation.start(Prune.AFTER_LEAF_LIFETIME, Duration.ofMinutes(5), clock.instant());
    for (int i = 0; i < 5; i++) {
      clock.advance(options.settle());
      rotation.step(clock.instant());
      refresh();
    }
    assertThat(rotation.phase()).isEqualTo(Phase.RENEWING);
    assertThat(store.problem()).isEmpty();
    var inUse = store.trust().issuer();
    apply(SECRET, oldSecret);
    refresh();
    assertThat(store.trust().issuer().sameAs(inUse)).isTrue();
    assertThat(objects.get(SECRET).get("data")).isNotEqualTo(oldSecret.get("data"));
    rotation.step(clock.instant());
    assertThat(rotation.report().trouble()).isEmpty();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }
}
