// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints issuer, trust anchors and who believes them. */
@Command(
    name = "identity",
    description = "Show the issuer, the trust anchors, and which proxies believe them.",
    mixinStandardHelpOptions = true,
    subcommands = IdentityRotateCommand.class,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:shown, nothing is wrong",
      "1:something is wrong, or the control plane cannot be asked",
      "2:not understood"
    })
final class IdentityCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private Server server;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "text",
      description = "Form of the answer: ${COMPLETION-CANDIDATES}.")
  private Output output;

  /** Which control plane is asked. */
  static final class Server {
    @Option(
        names = "--control-plane",
        paramLabel = "URL",
        defaultValue = "http://127.0.0.1:8085",
        description = "API port of the control plane (default: ${DEFAULT-VALUE}).")
    private URI uri;

    IdentityClient connect() {
      return new IdentityClient(uri);
    }

    /** What to say when it did not answer. */
    String trouble(IOException e) {
      String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      return uri + ": " + message;
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    JsonNode view;
    try (IdentityClient client = server.connect()) {
      view = client.view();
    } catch (IOException | IllegalArgumentException e) {
      spec.commandLine()
          .getErr()
          .println(e instanceof IOException io ? server.trouble(io) : e.getMessage());
      return 1;
    }
    if (output == Output.JSON) {
      out.println(view.toPrettyString());
    } else {
      new IdentityText(out).print(view);
    }
    return view.path("problems").isEmpty() && !view.path("issuer").isNull() ? 0 : 1;
  }
}
