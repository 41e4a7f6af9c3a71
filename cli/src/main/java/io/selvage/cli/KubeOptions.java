// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.api.KubeAccount;
import io.selvage.kube.api.KubeconfigException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which cluster a command talks to, and as whom. */
public final class KubeOptions {
  /** Of one question to the API server. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "The kubeconfig (default: KUBECONFIG of the environment, or ~/.kube/config).")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--context",
      paramLabel = "NAME",
      description = "A context of the kubeconfig (default: its current one).")
  private @Nullable String context;

  @Option(names = "--as", paramLabel = "USER", description = "Impersonate a user.")
  private @Nullable String user;

  @Option(
      names = "--as-group",
      paramLabel = "GROUP",
      description = "With --as: and a group; repeatable.")
  private List<String> groups = List.of();

  /** What was chosen. */
  KubeAccount account() {
    return new KubeAccount(
        Optional.ofNullable(kubeconfig),
        Optional.ofNullable(context),
        Optional.ofNullable(user),
        groups);
  }

  /**
   * Whether there is a cluster to talk to.
   *
   * @throws CommandFailure if the environment names none that can be looked for
   */
  boolean isConfigured() throws CommandFailure {
    try {
      return account().isConfigured();
    } catch (KubeconfigException e) {
      throw failure(e);
    }
  }

  /** The same of a kubeconfig: a pod's own account does not count. */
  boolean hasKubeconfig() throws CommandFailure {
    try {
      return account().hasKubeconfig();
    } catch (KubeconfigException e) {
      throw failure(e);
    }
  }

  /**
   * A connection, made when it is first used.
   *
   * @throws CommandFailure if the kubeconfig cannot be used
   */
  public ApiServer connect() throws CommandFailure {
    try {
      return ApiServer.connect(
          account(),
          ApiServerOptions.DEFAULT.withUserAgent("selvage-cli").withRequestTimeout(PATIENCE));
    } catch (KubeconfigException e) {
      throw failure(e);
    }
  }

  static CommandFailure failure(KubeconfigException e) {
    return CommandFailure.failed(TerminalText.line(String.valueOf(e.getMessage())));
  }
}
