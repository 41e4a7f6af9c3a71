// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
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

  @Mixin private ControlPlaneOption controlPlane;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "text",
      description = "Form of the answer: ${COMPLETION-CANDIDATES}.")
  private Output output;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    JsonNode view;
    try (var client = new IdentityClient(controlPlane.reach(0))) {
      try {
        view = client.view();
      } catch (IOException e) {
        err.println(client.trouble(e));
        return 1;
      }
    } catch (CommandFailure e) {
      return e.report(err);
    }
    if (output == Output.JSON) {
      out.println(JsonRows.document(view));
    } else {
      new IdentityText(out).print(view);
    }
    return view.path("problems").isEmpty() && !view.path("issuer").isNull() ? 0 : 1;
  }
}
