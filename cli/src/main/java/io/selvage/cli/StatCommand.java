// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.cli.ControlPlaneClient.Params;
import io.selvage.controlplane.observation.query.LabelTest;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.query.StatRequest;
import io.selvage.controlplane.observation.query.StatRow;
import io.selvage.controlplane.observation.query.Windows;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
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

/** Shows how well it goes: the golden metrics of resources. */
@Command(
    name = "stat",
    description = {
      "Show success rate, request rate, latency and connections of resources: of what arrives at",
      "them, or with --to and --from of what goes between two."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:answered, with or without traffic",
      "1:the control plane cannot be asked",
      "2:not understood"
    })
final class StatCommand extends TableCommand<StatRow> {
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
      names = "--from",
      paramLabel = "RES",
      description = "Only what the resources get from this: TYPE or TYPE/NAME.")
  private @Nullable String from;

  @Option(
      names = "--from-namespace",
      paramLabel = "NS",
      description = "Namespace of --from (default: that of the resources).")
  private @Nullable String fromNamespace;

  @Option(
      names = {"-t", "--time-window"},
      paramLabel = "WINDOW",
      defaultValue = "1m",
      description = "How far to look back, 15s to 10m (default: ${DEFAULT-VALUE}).")
  private String window;

  @Option(
      names = {"-l", "--selector"},
      paramLabel = "SEL",
      defaultValue = "",
      description = "Only pods with these labels: a=b, a!=b, 'a in (b,c)', a, '!a'.")
  private String selector;

  @Option(names = "--unmeshed", description = "Show resources without a sidecar, too.")
  private boolean unmeshed;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "table",
      description = "Form of the answer: ${COMPLETION-CANDIDATES}.")
  private TableOutput output;

  StatCommand() {
    super("stat", StatRow.class, "No traffic found.");
  }

  @Override
  Params params() throws CommandFailure {
    return params(request());
  }

  @Override
  TableOutput output() {
    return output;
  }

  private StatRequest request() throws CommandFailure {
    try {
      List<ResourceSelector> resources = ResourceSelector.parseWords(words);
      Optional<String> namespace = namespaces.namespace();
      if (resources.stream().anyMatch(r -> r.type() == ResourceType.NAMESPACE)) {
        checkNamespaceFlags();
      }
      Optional<OtherEnd> other =
          OtherEnd.of(
              Optional.ofNullable(to),
              Optional.ofNullable(toNamespace),
              Optional.ofNullable(from),
              Optional.ofNullable(fromNamespace),
              namespace);
      return new StatRequest(
          resources, namespace, other, Windows.parse(window), LabelTest.parse(selector), unmeshed);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.misunderstood(e);
    }
  }

  private void checkNamespaceFlags() {
    if (toNamespace != null) {
      throw new IllegalArgumentException(
          "--to-namespace flag is incompatible with namespace resource type");
    }
    if (fromNamespace != null) {
      throw new IllegalArgumentException(
          "--from-namespace flag is incompatible with namespace resource type");
    }
    if (namespaces.isGiven()) {
      throw new IllegalArgumentException(
          "--namespace flag is incompatible with namespace resource type");
    }
  }

  private static Params params(StatRequest request) {
    var params = new Params();
    request.resources().forEach(resource -> params.add("resource", resource.toString()));
    request.namespace().ifPresent(name -> params.add("namespace", name));
    request.other().ifPresent(other -> OtherEnds.add(params, other));
    params.add("window", Windows.format(request.window()));
    if (!request.labels().isAny()) {
      params.add("selector", request.labels().text());
    }
    if (request.unmeshed()) {
      params.add("unmeshed", "true");
    }
    return params;
  }

  @Override
  void print(List<StatRow> rows, PrintWriter out) {
    var byType = new LinkedHashMap<ResourceType, List<StatRow>>();
    for (StatRow row : rows) {
      byType.computeIfAbsent(ResourceType.parse(row.kind()), _ -> new ArrayList<>()).add(row);
    }
    boolean several = byType.size() > 1;
    var first = new boolean[] {true};
    byType.forEach((type, ofType) -> {
      if (!first[0]) {
        out.println();
      }
      first[0] = false;
      table(type, ofType, several).lines().forEach(out::println);
    });
  }

  private TextTable table(ResourceType type, List<StatRow> rows, boolean several) {
    boolean wide = output == TableOutput.WIDE;
    boolean pods = type == ResourceType.POD;
    var columns = TextTable.columns();
    if (namespaces.isAll()) {
      columns.left("NAMESPACE");
    }
    columns.left("NAME");
    if (pods) {
      columns.right("STATUS");
    }
    columns
        .right("MESHED")
        .right("SUCCESS")
        .right("RPS")
        .right("LATENCY_P50")
        .right("LATENCY_P95")
        .right("LATENCY_P99")
        .right("TCP_CONN");
    if (wide) {
      columns.right("READ_BYTES/SEC").right("WRITE_BYTES/SEC");
    }
    TextTable table = columns.build();
    for (StatRow row : rows) {
      var cells = new ArrayList<String>();
      if (namespaces.isAll()) {
        cells.add(row.namespace());
      }
      cells.add(several ? type.shortName() + "/" + row.name() : row.name());
      if (pods) {
        cells.add(row.status() == null || row.status().isEmpty() ? Figures.NONE : row.status());
      }
      cells.add(row.meshed() == null ? Figures.NONE : row.meshed());
      cells.add(Figures.share(row.success()));
      cells.add(Figures.rate(row.rps()));
      cells.add(Figures.millis(row.p50()));
      cells.add(Figures.millis(row.p95()));
      cells.add(Figures.millis(row.p99()));
      cells.add(Figures.number(row.openConnections()));
      if (wide) {
        cells.add(Figures.bytes(row.readRate()));
        cells.add(Figures.bytes(row.writeRate()));
      }
      table.row(cells);
    }
    return table;
  }
}
