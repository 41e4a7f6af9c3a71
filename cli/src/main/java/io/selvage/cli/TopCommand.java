// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.cli.ControlPlaneClient.Params;
import io.selvage.controlplane.observation.query.Answer;
import io.selvage.controlplane.observation.query.TopRequest;
import io.selvage.controlplane.observation.query.TopRow;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows the most frequent requests, live. */
@Command(
    name = "top",
    description = {
      "Show the most frequent requests of the last minute, live on a terminal (q quits), and once",
      "where the output is none."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:answered, with or without traffic",
      "1:the control plane cannot be asked",
      "2:not understood"
    })
final class TopCommand implements Callable<Integer> {
  /** Proxies report every few seconds; more often there is nothing new. */
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "TYPE[/NAME]",
      description = "Client or server of the requests (default: everything).")
  private List<String> words = List.of();

  @Mixin private NamespaceOptions namespaces;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "" + TopRequest.DEFAULT_ROWS,
      description = "Rows at most, where the output is no terminal (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(names = "--once", description = "Print once, on a terminal too.")
  private boolean once;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "table",
      description = "Form of the answer: table or json, which is printed once.")
  private TableOutput output;

  @Mixin private ControlPlaneOption controlPlane;

  @Override
  public Integer call() throws InterruptedException, IOException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (ControlPlaneClient client = controlPlane.client()) {
      Params params = params(request());
      boolean live =
          !once
              && output == TableOutput.TABLE
              && Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
      if (live) {
        var screen = new TopScreen(out, System.in, INTERVAL);
        return screen.run(() -> ask(client, params).rows());
      }
      Answer<TopRow> answer = ask(client, params);
      answer.notes().forEach(note -> err.println("note: " + note));
      if (output == TableOutput.JSON) {
        out.println(JsonRows.text(answer.rows()));
      } else if (answer.rows().isEmpty()) {
        err.println("No traffic found.");
      } else {
        table(answer.rows()).lines().forEach(out::println);
      }
      return 0;
    } catch (CommandFailure e) {
      return e.report(err);
    }
  }

  private static Answer<TopRow> ask(ControlPlaneClient client, Params params)
      throws CommandFailure, InterruptedException {
    return client.ask("top", params, TopRow.class);
  }

  private TopRequest request() throws CommandFailure {
    try {
      Optional<ResourceSelector> resource = Optional.empty();
      if (!words.isEmpty()) {
        List<ResourceSelector> selectors = ResourceSelector.parseWords(words);
        if (selectors.size() > 1) {
          throw new IllegalArgumentException("top shows the requests of one resource");
        }
        resource = Optional.of(selectors.getFirst());
      }
      return new TopRequest(resource, namespaces.namespace(), limit);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.misunderstood(e);
    }
  }

  private static Params params(TopRequest request) {
    var params = new Params().add("limit", Integer.toString(request.limit()));
    request.resource().ifPresent(resource -> params.add("resource", resource.toString()));
    boolean namespace =
        request.resource().filter(r -> r.type() == ResourceType.NAMESPACE).isPresent();
    if (!namespace) {
      request.namespace().ifPresent(name -> params.add("namespace", name));
    }
    return params;
  }

  static TextTable table(List<TopRow> rows) {
    TextTable table =
        TextTable.columns()
            .left("Source")
            .left("Destination")
            .left("Method")
            .left("Path")
            .right("Count")
            .right("Best")
            .right("Worst")
            .right("Last")
            .right("Success Rate")
            .build();
    for (TopRow row : rows) {
      table.row(
          List.of(
              row.source(),
              row.destination(),
              row.method(),
              row.path(),
              Long.toString(row.count()),
              Figures.duration(row.bestMicros()),
              Figures.duration(row.worstMicros()),
              Figures.duration(row.lastMicros()),
              Figures.share(row.success())));
    }
    return table;
  }
}
