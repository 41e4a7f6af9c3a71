// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static io.selvage.cli.CommandLineRun.mesh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.controlplane.app.ControlPlaneProcess;
import io.selvage.controlplane.observation.ObservationOptions;
import io.selvage.kube.api.AccessReview;
import io.selvage.kube.api.AccessReview.Verdict;
import io.selvage.kube.api.ApiQueries;
import io.selvage.kube.api.ApiQueries.Right;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.api.KubeAccount;
import io.selvage.testkit.KubeApiServer;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Users who show a client certificate, on a real API server: their rights alone decide whether they
 * may look at single requests and rotate the root.
 */
class OperatorRightsIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String OPERATOR = "selvage-operator";

  @TempDir private static Path dir;
  private static KubeApiServer kube;
  private static KubernetesClient admin;
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void start() throws Exception {
    KubeApiServer.unavailable().ifPresent(why -> Assumptions.abort(why));
    kube = KubeApiServer.start(dir.resolve("kube"));
    admin =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(kube.kubeconfig().toFile()))
            .build();
    apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: selvage}\n");
    CommandLineRun install = mesh("install", "--ignore-cluster");
    assertThat(install.code()).as(install.err()).isZero();
    for (String document : install.out().split("(?m)^---$")) {
      if (document.contains("\n  name: " + OPERATOR + "\n")) {
        apply(document);
      }
    }
    apply(
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: ann}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: operator, namespace: selvage}
        rules:
        - {apiGroups: [""], resources: [serviceaccounts/token], resourceNames: [selvage-operator], verbs: [create]}
        - {apiGroups: [""], resources: [pods], verbs: [get, list]}
        - {apiGroups: [""], resources: [pods/portforward], verbs: [create]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: operator, namespace: selvage}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: operator}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: forwarder, namespace: selvage}
        rules:
        - {apiGroups: [""], resources: [pods], verbs: [get, list]}
        - {apiGroups: [""], resources: [pods/portforward], verbs: [create]}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: forwarder, namespace: selvage}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: forwarder}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}]
        """);
    apply(
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: control-plane-1
          namespace: selvage
          labels: {selvage.io/control-plane-component: control-plane}
        spec:
          serviceAccountName: control-plane
          containers: [{name: c, image: i}]
        """);
    admin
        .pods()
        .inNamespace("selvage")
        .withName("control-plane-1")
        .editStatus(pod ->
            pod.edit()
                .editOrNewStatus()
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .endCondition()
                .endStatus()
                .build());
    awaitRights();
  }

  /** The server's authorizer watches the bindings. */
  private static void awaitRights() throws Exception {
    String account = "system:serviceaccount:selvage:" + OPERATOR;
    try (ApiServer ann = as("ann");
        ApiServer jane = as("jane");
        ApiServer bob = as("bob");
        ApiServer operator =
            ApiServer.connect(
                new KubeAccount(
                    Optional.of(kube.kubeconfig()),
                    Optional.empty(),
                    Optional.of(account),
                    List.of()),
                ApiServerOptions.DEFAULT)) {
      await()
          .atMost(LIMIT)
          .until(() ->
              may(ann, "create", "", "serviceaccounts/token")
                  && may(jane, "create", "", "serviceaccounts/token")
                  && may(bob, "create", "", "pods/portforward")
                  && may(operator, "create", "selvage.io", "rotations")
                  && may(operator, "watch", "selvage.io", "taps"));
    }
  }

  private static boolean may(ApiServer who, String verb, String group, String resource) {
    boolean named = resource.startsWith("serviceaccounts");
    return new ApiQueries(who)
        .may(
            new Right(
                verb, group, resource, named ? OPERATOR : "", group.isEmpty() ? "selvage" : ""));
  }

  private static ApiServer as(String user) throws Exception {
    return ApiServer.connect(
        new KubeAccount(
            Optional.of(kube.certificateKubeconfig(user)),
            Optional.empty(),
            Optional.empty(),
            List.of()),
        ApiServerOptions.DEFAULT);
  }

  @AfterAll
  static void stop() {
    if (kube != null) {
      admin.close();
      kube.close();
    }
  }

  @AfterEach
  void forget() {
    System.clearProperty("kubeconfig");
  }

  private static void apply(String yaml) {
    for (HasMetadata object :
        admin.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).items()) {
      admin.resource(object).createOr(existing -> existing.update());
    }
  }

  private static KubeOptions kube(String... options) {
    var kube = new KubeOptions();
    new CommandLine(CommandSpec.create().addMixin("kube", CommandSpec.forAnnotatedObject(kube)))
        .parseArgs(options);
    return kube;
  }

  private Optional<CallerToken> token(KubeOptions who) throws CommandFailure {
    try (ControlPlaneReach reach =
        ControlPlaneReach.open(Optional.empty(), who, "selvage", 0, 1, new PrintWriter(err))) {
      return reach.token(new PrintWriter(err, true));
    }
  }

  private static AccessReview review(ApiServer api) {
    return new AccessReview(api);
  }

  private static ApiServer api() throws Exception {
    return ApiServer.connect(
        new KubeAccount(
            Optional.of(kube.kubeconfig()), Optional.empty(), Optional.empty(), List.of()),
        ApiServerOptions.DEFAULT);
  }

  @Test
  void whoMayHaveATokenOfTheAccountMayTapAndRotateAndNothingElse() throws Exception {
    for (String user : List.of("ann", "jane")) {
      String token =
          token(kube("--kubeconfig", kube.certificateKubeconfig(user).toString()))
              .orElseThrow()
              .token();
      assertThat(err.toString()).contains("The ServiceAccount selvage/selvage-operator speaks");
      try (ApiServer api = api()) {
        assertThat(review(api).check(token, "watch", "selvage.io", "taps", "").verdict())
            .isEqualTo(Verdict.ALLOWED);
        assertThat(review(api).check(token, "create", "selvage.io", "rotations", "").verdict())
            .isEqualTo(Verdict.ALLOWED);
        assertThat(review(api).check(token, "list", "", "secrets", "selvage").verdict())
            .isEqualTo(Verdict.FORBIDDEN);
      }
    }
  }

  @Test
  void whoMayOnlyForwardPortsGetsNone() throws Exception {
    Path bob = kube.certificateKubeconfig("bob");
    assertThatThrownBy(() -> token(kube("--kubeconfig", bob.toString())))
        .isInstanceOf(CommandFailure.class)
        .hasMessageContaining("may not create serviceaccounts/token of selvage-operator");
  }

  @Test
  void whoIsImpersonatedHasTheirOwnRights() throws Exception {
    String ann = kube.certificateKubeconfig("ann").toString();
    assertThat(token(kube("--kubeconfig", ann, "--as", "jane"))).isPresent();
    assertThatThrownBy(() -> token(kube("--kubeconfig", ann, "--as", "bob")))
        .hasMessageContaining("may not create serviceaccounts/token");
    assertThatThrownBy(() -> token(kube("--kubeconfig", ann, "--as", "nobody")))
        .hasMessageContaining("may not list pods");
    // The administrator's own token does not speak where somebody else is meant.
    String admin = kube.kubeconfig().toString();
    assertThat(token(kube("--kubeconfig", admin)).orElseThrow().token())
        .isEqualTo(kube.adminToken());
    assertThatThrownBy(() -> token(kube("--kubeconfig", admin, "--as", "bob")))
        .hasMessageContaining("may not create serviceaccounts/token");
  }

  /** The control plane is on this machine, so that whoever asks comes from loopback. */
  @Test
  void theRootIsRotatedByThoseOnlyWhoMay() throws Exception {
    Path jane = kube.certificateKubeconfig("jane");
    String token = token(kube("--kubeconfig", jane.toString())).orElseThrow().token();
    Path good = Files.writeString(dir.resolve("good"), token);
    apply("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: selvage}\n");
    Path other =
        Files.writeString(
            dir.resolve("other"),
            admin
                .serviceAccounts()
                .inNamespace("selvage")
                .withName("web")
                .tokenRequest(
                    new io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder()
                        .withNewSpec()
                        .endSpec()
                        .build())
                .getStatus()
                .getToken());
    System.setProperty("kubeconfig", kube.kubeconfig().toString());
    try (ControlPlaneProcess process =
        ControlPlanes.fromKubernetes(
            ControlPlaneOptions.defaults().withPorts(0, 0, 0),
            Optional.empty(),
            false,
            ObservationOptions.defaults())) {
      String url = "http://127.0.0.1:" + process.apiPort();
      await()
          .atMost(LIMIT)
          .untilAsserted(() ->
              assertThat(mesh("identity", "--control-plane", url).out()).contains("issuer  "));
      String before = issuer(url);

      CommandLineRun nobody = mesh("identity", "rotate", "--control-plane", url);
      assertThat(nobody.code()).isEqualTo(1);
      assertThat(nobody.err()).contains("rotated with a bearer token of its API server");
      CommandLineRun web =
          mesh("identity", "rotate", "--control-plane", url, "--token-file", other);
      assertThat(web.code()).isEqualTo(1);
      assertThat(web.err())
          .contains("system:serviceaccount:selvage:web may not create rotations.selvage.io");
      assertThat(issuer(url)).isEqualTo(before);

      CommandLineRun run =
          mesh(
              "identity", "rotate", "--prune", "now", "--control-plane", url, "--token-file", good);
      assertThat(run.code()).as(run.err() + run.out()).isZero();
      assertThat(run.err()).startsWith("Acting on the control plane at " + url);
      assertThat(issuer(url)).isNotEqualTo(before);
    }
  }

  private static String issuer(String url) throws Exception {
    return new com.fasterxml.jackson.databind.ObjectMapper()
        .readTree(mesh("identity", "--control-plane", url, "-o", "json").out())
        .path("issuer")
        .toString();
  }
}
