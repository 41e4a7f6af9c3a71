// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.client.Config;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which account is taken, and what is said of a kubeconfig that is none. */
class KubeAccountTest {
  private static final String TWO =
      """
      apiVersion: v1
      kind: Config
      clusters:
      - {name: a, cluster: {server: "http://127.0.0.1:1"}}
      - {name: b, cluster: {server: "http://127.0.0.1:2"}}
      users:
      - {name: u, user: {token: abc}}
      contexts:
      - {name: first, context: {cluster: a, user: u}}
      - {name: second, context: {cluster: b, user: u}}
      current-context: first
      """;

  @TempDir private Path dir;

  @AfterEach
  void forget() {
    System.clearProperty("kubeconfig");
  }

  private Path file(String name, String text) throws Exception {
    return Files.writeString(dir.resolve(name), text);
  }

  private static KubeAccount of(Path file, String context) {
    return new KubeAccount(
        Optional.of(file),
        Optional.of(context).filter(name -> !name.isEmpty()),
        Optional.empty(),
        List.of());
  }

  @Test
  void theFileAndTheContextThatAreNamedAreTaken() throws Exception {
    Path two = file("two", TWO);
    assertThat(of(two, "").config().getMasterUrl()).isEqualTo("http://127.0.0.1:1/");
    assertThat(of(two, "second").config().getMasterUrl()).isEqualTo("http://127.0.0.1:2/");
    try (ApiServer api = ApiServer.connect(of(two, "second"), ApiServerOptions.DEFAULT)) {
      assertThat(api.cluster()).isEqualTo("http://127.0.0.1:2/ (context second)");
      assertThat(api.bearerToken()).contains("abc");
    }
  }

  @Test
  void theFileOfTheEnvironmentIsTakenWithTheContextThatIsNamed() throws Exception {
    System.setProperty("kubeconfig", file("two", TWO).toString());
    var second =
        new KubeAccount(Optional.empty(), Optional.of("second"), Optional.empty(), List.of());
    assertThat(KubeAccount.AMBIENT.hasKubeconfig()).isTrue();
    assertThat(KubeAccount.AMBIENT.isChosen()).isFalse();
    assertThat(KubeAccount.AMBIENT.config().getMasterUrl()).isEqualTo("http://127.0.0.1:1/");
    assertThat(second.isChosen()).isTrue();
    assertThat(second.config().getMasterUrl()).isEqualTo("http://127.0.0.1:2/");
  }

  @Test
  void anEnvironmentThatNamesNothingThereIsNone() {
    System.setProperty("kubeconfig", dir.resolve("none").toString());
    assertThat(KubeAccount.AMBIENT.hasKubeconfig()).isFalse();
    var context = new KubeAccount(Optional.empty(), Optional.of("x"), Optional.empty(), List.of());
    assertThatThrownBy(context::config)
        .isInstanceOf(KubeconfigException.class)
        .hasMessage("there is no kubeconfig to look for a context in");
  }

  @Test
  void whoIsImpersonatedIsSaidWithEveryRequest() throws Exception {
    Path two = file("two", TWO);
    Config config =
        new KubeAccount(
                Optional.of(two), Optional.empty(), Optional.of("jane"), List.of("ops", "dev"))
            .config();
    assertThat(config.getImpersonateUsername()).isEqualTo("jane");
    assertThat(config.getImpersonateGroups()).containsExactly("ops", "dev");
    var groups =
        new KubeAccount(Optional.of(two), Optional.empty(), Optional.empty(), List.of("g"));
    assertThatThrownBy(groups::config).hasMessage("groups are impersonated with a user only");
  }

  static Stream<List<String>> bad() {
    return Stream.of(
        List.of("", "", "cannot be used"),
        List.of("no yaml", "a: [", "cannot be used"),
        List.of("a word", "hello", "cannot be used"),
        List.of("a list", "[1, 2]", "cannot be used"),
        List.of("no context", "kind: Config", "has no current context: it has none"),
        List.of("unknown context", TWO + "\n", "has no context \"third\": it has first, second"),
        List.of(
            "current unknown",
            TWO.replace("current-context: first", "current-context: x"),
            "has no current context: it has first, second"),
        List.of("no cluster", TWO.replace("cluster: a", "cluster: c"), "no server for the context"),
        List.of(
            "no server",
            TWO.replace("{server: \"http://127.0.0.1:1\"}", "{}"),
            "cannot be used: what it must say is missing, such as the server of a cluster"),
        List.of("bad URL", TWO.replace("http://127.0.0.1:1", "http://a b:c"), "cannot be used"),
        List.of(
            "bad certificate",
            TWO.replace("http://127.0.0.1:1", "https://127.0.0.1:1")
                .replace("token: abc", "client-certificate-data: eA==, client-key-data: eA=="),
            "cannot be used"));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void whatIsNoneIsSaidInOneSentence(List<String> bad) throws Exception {
    Path file = file("bad", bad.get(1));
    KubeAccount account = of(file, bad.get(0).equals("unknown context") ? "third" : "");
    assertThatThrownBy(() -> ApiServer.connect(account, ApiServerOptions.DEFAULT).close())
        .as(bad.get(0))
        .isInstanceOf(KubeconfigException.class)
        .hasMessageContaining(bad.get(2))
        .hasMessageContaining("kubeconfig")
        .message()
        .doesNotContain("\n");
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    Path none = dir.resolve("none");
    assertThatThrownBy(of(none, "")::config).hasMessage("there is no kubeconfig " + none);
    assertThatThrownBy(of(dir, "")::config).hasMessage("there is no kubeconfig " + dir);
  }
}
