// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.controlplane.identity.TokenKeyFile;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints a workload token, where no kubelet hands any out. */
@Command(
    name = "token",
    description = "Print a token by which a workload without a cluster proves its ServiceAccount.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:printed", "1:the key cannot be read or made", "2:not understood"})
final class TokenCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "NS/SA", description = "Namespace and ServiceAccount of the workload.")
  private String account;

  @Option(
      names = "--identity-dir",
      required = true,
      paramLabel = "DIR",
      description = "Identity folder of the control plane; its token key is made if there is none.")
  private Path identityDir;

  @Option(
      names = "--ttl",
      paramLabel = "TIME",
      defaultValue = "24h",
      converter = DurationOption.class,
      description = "How long the token is good, such as 30m (default: ${DEFAULT-VALUE}).")
  private Duration ttl;

  @Option(
      names = "--audience",
      paramLabel = "TEXT",
      defaultValue = MeshProtocol.TOKEN_AUDIENCE,
      description = "Whom the token is for (default: ${DEFAULT-VALUE}).")
  private String audience;

  @Override
  public Integer call() {
    WorkloadIdentity who = who();
    try {
      var key = TokenKeyFile.openOrCreate(identityDir);
      String token = WorkloadTokens.mint(key, who, audience, Instant.now(), ttl);
      spec.commandLine().getOut().println(token);
      return 0;
    } catch (IOException e) {
      spec.commandLine().getErr().println(e.getMessage());
      return 1;
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private WorkloadIdentity who() {
    int slash = account.indexOf('/');
    try {
      if (slash < 0) {
        throw new IllegalArgumentException("expected NS/SA, found \"" + account + "\"");
      }
      // The trust domain is no part of a token.
      return new WorkloadIdentity(
          "cluster.local", account.substring(0, slash), account.substring(slash + 1));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }
}
