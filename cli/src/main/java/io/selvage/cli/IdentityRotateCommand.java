// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Replaces root and issuer, and says how far it got. */
@Command(
    name = "rotate",
    description = "Replace the root and the issuer, with overlap and without any restart.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done; or nothing left but to wait for the last old leaf to end",
      "1:refused, held up, or the control plane cannot be asked",
      "2:not understood"
    })
final class IdentityRotateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private ControlPlaneOption controlPlane;
  @Mixin private CallerToken.FileOption tokenFile;

  @Option(
      names = "--prune",
      defaultValue = "after-leaf-lifetime",
      paramLabel = "WHEN",
      description = {
        "When the old root is removed: now = as soon as no connected proxy has a leaf of it;",
        "after-leaf-lifetime = when the last leaf of it has ended (default)."
      })
  private String prune;

  @Option(
      names = "--timeout",
      defaultValue = "5m",
      paramLabel = "TIME",
      converter = DurationOption.class,
      description =
          "How long a phase may wait for proxies before this says that it is held up (default:"
              + " ${DEFAULT-VALUE}).")
  private Duration timeout;

  @ArgGroup private Other other = new Other();

  /** Instead of beginning one. */
  private static final class Other {
    @Option(
        names = "--proceed",
        description = "Leave behind the proxies that the running rotation waits for.")
    private boolean proceed;

    @Option(
        names = "--abort",
        description = "Give up the running rotation, while it has issued nothing yet.")
    private boolean abort;

    @Option(names = "--follow", description = "Only watch the running rotation.")
    private boolean follow;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (!prune.equals("now") && !prune.equals("after-leaf-lifetime")) {
      throw new ParameterException(
          spec.commandLine(), "--prune is either now or after-leaf-lifetime, not " + prune);
    }
    if (timeout.toSeconds() < 1) {
      throw new ParameterException(spec.commandLine(), "--timeout is at least 1s");
    }
    PrintWriter err = spec.commandLine().getErr();
    try (var client = new IdentityClient(controlPlane.reach(0))) {
      err.println((other.follow ? "Watching " : "Acting on ") + client.reach().target() + ".");
      try {
        JsonNode first = other.follow ? client.view() : act(client);
        PrintWriter out = spec.commandLine().getOut();
        return new RotationWatch(client, () -> controlPlane.reach(0), out, err).follow(first);
      } catch (IOException e) {
        err.println(client.trouble(e));
        return 1;
      }
    } catch (CommandFailure e) {
      return e.report(err);
    }
  }

  private JsonNode act(IdentityClient client)
      throws IOException, InterruptedException, CommandFailure {
    PrintWriter err = spec.commandLine().getErr();
    return act(client, body(), tokenFile.token(client.reach(), err));
  }

  /**
   * Tells the control plane; that it does not answer in time does not mean that it does nothing.
   */
  static JsonNode act(IdentityClient client, ObjectNode body, Optional<CallerToken> token)
      throws IOException, InterruptedException, CommandFailure {
    try {
      return client.rotate(body, token);
    } catch (HttpConnectTimeoutException e) {
      throw e; // nothing was said
    } catch (HttpTimeoutException e) {
      throw CommandFailure.failed(
          client.trouble(e)
              + System.lineSeparator()
              + "It may have begun all the same: `mesh identity rotate --follow` watches it.");
    }
  }

  private ObjectNode body() {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("action", other.proceed ? "proceed" : other.abort ? "abort" : "start");
    if (!other.proceed && !other.abort) {
      body.put("prune", prune).put("timeoutSeconds", timeout.toSeconds());
    }
    return body;
  }
}
