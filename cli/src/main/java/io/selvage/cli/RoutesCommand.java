// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.cli.ControlPlaneClient.Params;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.query.RouteRow;
import io.selvage.controlplane.observation.query.RoutesRequest;
import io.selvage.controlplane.observation.query.Windows;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows how well it goes, route by route. */
@Command(
    name = "routes",
    description = {
      "Show success rate, request rate and latency of the routes of resources. Requests no route",
      "matched are those of " + RouteRow.DEFAULT + "."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:answered, with or without traffic",
      "1:the control plane cannot be asked",
      "2:not understood"
    })
final class RoutesCommand extends TableCommand<RouteRow> {
  @Parameters(
      arity = "1..*",
      paramLabel = "TYPE[/NAME]",
      description = {
        "deploy, po, ns, svc, sa, sts, ds, job, cj, rs, rc, several of them with commas, or all;",
        "names follow the type or a slash."
      })
  private List<String> words;

  @Mixin private NamespaceOptions namespaces;

  @Option(
      names = "--to",
      paramLabel = "RES",
      description = "Only what the resources send to this: TYPE or TYPE/NAME.")
  private @Nullable String to;

  @Option(
      names = "--to-namespace",
      paramLabel = "NS",
      description = "Namespace of --to (default: that of the resources).")
  private @Nullable String toNamespace;

  @Option(
      names = {"-t", "--time-window"},
      paramLabel = "WINDOW",
      defaultValue = "1m",
      description = "How far to look back, 15s to 10m (default: ${DEFAULT-VALUE}).")
  private String window;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "table",
      description = {
        "Form of the answer: ${COMPLETION-CANDIDATES}. wide, with --to, tells what clients saw",
        "(effective) from what servers saw (actual: retries count)."
      })
  private TableOutput output;

  RoutesCommand() {
    super("routes", RouteRow.class, "No traffic found.");
  }

  @Override
  Params params() throws CommandFailure {
    return params(request());
  }

  @Override
  TableOutput output() {
    return output;
  }

  private RoutesRequest request() throws CommandFailure {
    if (output == TableOutput.WIDE && to == null && toNamespace == null) {
      throw CommandFailure.misunderstood("wide output is only available when --to is specified");
    }
    try {
      Optional<String> namespace = namespaces.namespace();
      Optional<OtherEnd> other =
          OtherEnd.of(
              Optional.ofNullable(to),
              Optional.ofNullable(toNamespace),
              Optional.empty(),
              Optional.empty(),
              namespace);
      return new RoutesRequest(
          ResourceSelector.parseWords(words), namespace, other, Windows.parse(window));
    } catch (IllegalArgumentException e) {
      throw CommandFailure.misunderstood(e);
    }
  }

  private static Params params(RoutesRequest request) {
    var params = new Params();
    request.resources().forEach(resource -> params.add("resource", resource.toString()));
    request.namespace().ifPresent(name -> params.add("namespace", name));
    request.to().ifPresent(other -> OtherEnds.add(params, other));
    return params.add("window", Windows.format(request.window()));
  }

  @Override
  void print(List<RouteRow> rows, PrintWriter out) {
    var byResource = new LinkedHashMap<String, List<RouteRow>>();
    rows.forEach(
        row -> byResource.computeIfAbsent(row.resource(), _ -> new ArrayList<>()).add(row));
    var first = new boolean[] {true};
    byResource.forEach((resource, routes) -> {
      if (!first[0]) {
        out.println();
      }
      first[0] = false;
      if (byResource.size() > 1) {
        out.println("==> " + resource + " <==");
      }
      table(routes).lines().forEach(out::println);
    });
  }

  private TextTable table(List<RouteRow> rows) {
    boolean wide = output == TableOutput.WIDE;
    var columns = TextTable.columns().left("ROUTE").left("SERVICE");
    if (wide) {
      columns
          .right("EFFECTIVE_SUCCESS")
          .right("EFFECTIVE_RPS")
          .right("ACTUAL_SUCCESS")
          .right("ACTUAL_RPS");
    } else {
      columns.right("SUCCESS").right("RPS");
    }
    TextTable table =
        columns.right("LATENCY_P50").right("LATENCY_P95").right("LATENCY_P99").build();
    for (RouteRow row : rows) {
      var cells = new ArrayList<String>();
      cells.add(row.route());
      cells.add(row.service().isEmpty() ? Figures.NONE : row.service());
      cells.add(Figures.share(row.success()));
      cells.add(Figures.rate(row.rps()));
      if (wide) {
        cells.add(Figures.share(row.actualSuccess()));
        cells.add(Figures.rate(row.actualRps()));
      }
      cells.add(Figures.millis(row.p50()));
      cells.add(Figures.millis(row.p95()));
      cells.add(Figures.millis(row.p99()));
      table.row(cells);
    }
    return table;
  }
}
