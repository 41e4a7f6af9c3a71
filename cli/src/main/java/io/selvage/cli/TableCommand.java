// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.cli.ControlPlaneClient.Params;
import io.selvage.controlplane.observation.query.Answer;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Asks a control plane for rows, and shows them as a table or as JSON. */
abstract class TableCommand<R> implements Callable<Integer> {
  private final String path;
  private final Class<R> type;
  private final String nothing;

  @Spec private CommandSpec spec;

  @Mixin private ControlPlaneOption controlPlane;

  /**
   * @param path of the API
   * @param type of a row
   * @param nothing what is said where there is no row
   */
  TableCommand(String path, Class<R> type, String nothing) {
    this.path = path;
    this.type = type;
    this.nothing = nothing;
  }

  /** What to ask. */
  abstract Params params() throws CommandFailure;

  abstract TableOutput output();

  /** Shows rows, of which there are some. */
  abstract void print(List<R> rows, PrintWriter out);

  @Override
  public final Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (ControlPlaneClient client = controlPlane.client()) {
      Answer<R> answer = client.ask(path, params(), type);
      answer.notes().forEach(note -> err.println("note: " + note));
      if (output() == TableOutput.JSON) {
        out.println(JsonRows.text(answer.rows()));
      } else if (answer.rows().isEmpty()) {
        err.println(nothing);
      } else {
        print(answer.rows(), out);
      }
      return 0;
    } catch (CommandFailure e) {
      return e.report(err);
    }
  }
}
