// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.gateway.fixture.Manifests;
import io.selvage.gateway.golden.Scenario;
import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.gateway.translate.Processor;
import io.selvage.model.ObjectStatus;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.kube.Secret;
import io.selvage.model.routing.Settings;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GatewayCompilerTest {
  private static final TestCa CA = TestCa.root("root");

  @Test
  void theOrderOfObjectsDoesNotMatter() {
    for (Scenario scenario : everyScenario()) {
      ClusterState state = scenario.state();
      CompileResult expected = scenario.compile();
      for (int seed = 0; seed < 3; seed++) {
        var refs = new ArrayList<>(state.refs());
        Collections.shuffle(refs, new Random(seed));
        var builder = ClusterState.builder();
        for (ObjectRef ref : refs) {
          state.location(ref).ifPresent(l -> builder.add(state.find(ref).orElseThrow(), l));
        }
        state.problems().forEach(builder::problem);

        CompileResult actual =
            GatewayCompiler.standard().compile(builder.build(), scenario.options());

        assertThat(actual).as("%s, seed %d", scenario.name(), seed).isEqualTo(expected);
      }
    }
  }

  private static List<Scenario> everyScenario() {
    return Scenario.of(Scenario.root()).stream()
        .flatMap(suite -> Scenario.of(suite.folder()).stream())
        .toList();
  }

  @Test
  void compilingAgainGivesAnEqualResultWhateverCameBetween() {
    var compiler = GatewayCompiler.standard();
    var options = CompileOptions.defaults();
    ClusterState one =
        Manifests.state(
            Manifests.ingress("web", "a.example", "/", "web"), Manifests.service("web"));
    CompileResult first = compiler.compile(one, options);

    compiler.compile(ClusterState.empty(), options);

    assertThat(compiler.compile(one, options)).isEqualTo(first);
  }

  @Test
  void aProcessorThatThrowsOnOneObjectCostsThatObject() {
    Processor faulty =
        new Processor() {
          @Override
          public String name() {
            return "faulty";
          }

          @Override
          public void process(CompileContext context) {
            context.each(
                context.all(Kind.INGRESS),
                ingress -> {
                  if (ingress.metadata().name().equals("bad")) {
                    throw new IllegalStateException("planned");
                  }
                  context.status(ingress, ObjectStatus.State.RUNNING);
                });
          }
        };
    ClusterState state =
        Manifests.state(
            Manifests.ingress("bad", "a.example", "/", "web"),
            Manifests.ingress("good", "b.example", "/", "web"));

    CompileResult result =
        new GatewayCompiler(List.of(faulty)).compile(state, CompileOptions.defaults());

    assertThat(result.problems())
        .singleElement()
        .satisfies(p -> {
          assertThat(p.reason()).isEqualTo("InternalError");
          assertThat(p.object()).contains(new ObjectRef("Ingress", "default", "bad"));
        });
    assertThat(result.statuses())
        .extracting(s -> s.object().name() + " " + s.state())
        .containsExactly("bad INACTIVE", "good RUNNING");
  }

  @Test
  void aProcessorThatThrowsAltogetherDoesNotStopTheOthers() {
    Processor broken =
        new Processor() {
          @Override
          public String name() {
            return "broken";
          }

          @Override
          public void process(CompileContext context) {
            throw new IllegalStateException("planned");
          }
        };
    var processors = new ArrayList<Processor>(List.of(broken));
    processors.addAll(StandardProcessors.inOrder());
    ClusterState state =
        Manifests.state(
            Manifests.ingress("web", "a.example", "/", "web"), Manifests.service("web"));

    CompileResult result =
        new GatewayCompiler(processors).compile(state, CompileOptions.defaults());

    assertThat(result.problems()).extracting(Problem::reason).containsExactly("InternalError");
    assertThat(result.model().routeTables().get("all").virtualHosts()).hasSize(1);
  }

  @Test
  void aBrokenSecretServesWhatItLastHeldAndADeletedOneNothing() {
    TestCertificate old = CA.leaf("a.example").dns("a.example").issue();
    TestCertificate fresh = CA.leaf("a.example").dns("a.example").issue();
    ClusterState good = withTls(old.chainPem(), old.keyPem());
    var compiler = GatewayCompiler.standard();
    var options = CompileOptions.defaults();
    CompileResult first = compiler.compile(good, options);

    // Given a Secret whose key does not fit any more
    CompileResult broken =
        compiler.compile(withTls(fresh.chainPem(), old.keyPem()), options, first.lastGood());
    CompileResult stillBroken =
        compiler.compile(withTls("nothing", old.keyPem()), options, broken.lastGood());

    assertThat(broken.model()).isEqualTo(first.model());
    assertThat(stillBroken.model()).isEqualTo(first.model());
    assertThat(broken.problems()).extracting(Problem::reason).containsExactly("KeyMismatch");
    assertThat(broken.statuses().getFirst().state()).isEqualTo(ObjectStatus.State.PARTIAL);
    // When it is right again, then the new one is used
    CompileResult mended =
        compiler.compile(
            withTls(fresh.chainPem(), fresh.keyPem()), options, stillBroken.lastGood());
    assertThat(mended.problems()).isEmpty();
    assertThat(mended.model()).isNotEqualTo(first.model());
    // And when it is deleted, TLS is gone, HTTP stays
    var ref = new ObjectRef("Secret", "default", "web-tls");
    CompileResult deleted =
        compiler.compile(good.toBuilder().remove(ref).build(), options, mended.lastGood());
    assertThat(deleted.problems()).extracting(Problem::reason).containsExactly("SecretNotFound");
    assertThat(deleted.model().listeners())
        .extracting(l -> l.name())
        .containsExactly("default/http");
    assertThat(deleted.model().routeTables()).isEqualTo(first.model().routeTables());
  }

  @Test
  void anExpiredCertificateIsRefusedAtFirstAndKeptOnceLive() {
    TestCertificate leaf = CA.leaf("a.example").dns("a.example").issue();
    ClusterState state = withTls(leaf.chainPem(), leaf.keyPem());
    Instant end = leaf.certificate().getNotAfter().toInstant();
    var compiler = GatewayCompiler.standard();
    CompileOptions before = CompileOptions.defaults().withClock(() -> end);
    CompileOptions after =
        CompileOptions.defaults().withClock(() -> end.plus(Duration.ofSeconds(1)));

    CompileResult live = compiler.compile(state, before);
    CompileResult refused = compiler.compile(state, after);
    CompileResult kept = compiler.compile(state, after, live.lastGood());

    assertThat(live.problems()).isEmpty();
    assertThat(refused.problems())
        .extracting(Problem::reason)
        .containsExactly("CertificateExpired");
    assertThat(refused.model().listeners()).hasSize(1);
    assertThat(kept.model()).isEqualTo(live.model());
    assertThat(kept.problems()).extracting(Problem::reason).containsExactly("CertificateExpired");
  }

  @Test
  void noResultShowsAKey() {
    TestCertificate leaf = CA.leaf("a.example").dns("a.example").issue();
    ClusterState state = withTls(leaf.chainPem(), leaf.keyPem());

    CompileResult result = GatewayCompiler.standard().compile(state, CompileOptions.defaults());

    assertThat(result.toString()).contains("KeyMaterial[Secret default/web-tls]");
    assertThat(result.toString()).doesNotContain("PRIVATE KEY");
    assertThat(state.all(Kind.SECRET))
        .extracting(Secret::toString)
        .noneMatch(t -> t.contains("PRIVATE KEY"));
  }

  private static ClusterState withTls(String chain, String key) {
    return Manifests.state(
        Manifests.ingress("web", "a.example", "/", "web")
            .replace("  rules:", "  tls: [{hosts: [a.example], secretName: web-tls}]\n  rules:"),
        Manifests.service("web"),
        Manifests.tlsSecret("web-tls", chain, key));
  }

  @Test
  void aCertificateForAnotherNameIsServedWithAWarning() {
    TestCertificate other = CA.leaf("other").dns("b.example", "*.c.example").issue();
    ClusterState state =
        Manifests.state(
            Manifests.tlsSecret("web-tls", other.chainPem(), other.keyPem()),
            """
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: web}
            spec:
              ingressClassName: selvage
              tls:
                - hosts: [a.example, b.example, "*.c.example", "*.b.example"]
                  secretName: web-tls
            """);

    CompileResult result = GatewayCompiler.standard().compile(state, CompileOptions.defaults());

    assertThat(result.problems())
        .filteredOn(p -> p.reason().equals("CertificateName"))
        .allMatch(p -> p.severity() == Problem.Severity.WARNING)
        .extracting(p -> p.field() + " " + p.message())
        .containsExactly(
            "spec.tls[0].hosts[0] Secret default/web-tls: the certificate is not good for"
                + " a.example, only for b.example, *.c.example",
            "spec.tls[0].hosts[3] Secret default/web-tls: the certificate is not good for"
                + " *.b.example, only for b.example, *.c.example");
    assertThat(result.model().listeners()).hasSize(2);
  }

  @Test
  void whatTheSourceFoundAboutAnObjectIsInItsStatus() {
    var ref = new ObjectRef("Ingress", "default", "web");
    var builder = ClusterState.builder();
    Manifests.objects(Manifests.ingress("web", "a.example", "/", "web")).forEach(builder::add);
    Manifests.objects(Manifests.service("web")).forEach(builder::add);
    builder.problem(
        Problem.error(ref, "spec.rules", "WrongType", "no list; the version before stays live"));

    CompileResult result =
        GatewayCompiler.standard().compile(builder.build(), CompileOptions.defaults());

    assertThat(result.statuses())
        .singleElement()
        .satisfies(s -> {
          assertThat(s.state()).isEqualTo(ObjectStatus.State.PARTIAL);
          assertThat(s.reason()).isEqualTo("WrongType");
          assertThat(s.problems()).hasSize(1);
        });
  }

  @Test
  void aClassNameMeantForUsThatNoObjectDeclaresIsReported() {
    String declared =
        """
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: {name: other}
        spec: {controller: example.com/other}
        """;
    ClusterState state =
        Manifests.state(
            declared,
            Manifests.service("web"),
            Manifests.ingress("ambassador", "meant", "a.example", "/", "web"),
            Manifests.ingress("unheard-of", "foreign", "b.example", "/", "web"));

    CompileResult result = GatewayCompiler.standard().compile(state, CompileOptions.defaults());

    assertThat(result.problems())
        .singleElement()
        .satisfies(p -> {
          assertThat(p.reason()).isEqualTo("ClassNotFound");
          assertThat(p.object()).contains(new ObjectRef("Ingress", "default", "meant"));
        });
    assertThat(result.statuses()).isEmpty();
  }

  @Test
  void anAllowListThatIsNoListLetsNobodyIn() {
    ClusterState state =
        Manifests.state(
            """
            apiVersion: getambassador.io/v3alpha1
            kind: Module
            metadata: {name: ambassador}
            spec:
              config:
                ip_allow: {peer: 10.0.0.0/8}
            """);

    CompileResult result = GatewayCompiler.standard().compile(state, CompileOptions.defaults());

    assertThat(result.model().settings().ipAllow())
        .contains(new Settings.IpRules(List.of(), List.of()));
    assertThat(result.problems())
        .extracting(Problem::message)
        .containsExactly("spec.config.ip_allow cannot be read: it has the wrong type");
  }
}
