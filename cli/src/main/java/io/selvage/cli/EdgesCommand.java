// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.cli.ControlPlaneClient.Params;
import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.workload.ResourceType;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows who talked to whom, and whether it was secured. */
@Command(
    name = "edges",
    description = {
      "Show who talked to whom within the last ten minutes, and whether it was secured: √, or the",
      "reason why not."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:answered, with or without edges",
      "1:the control plane cannot be asked",
      "2:not understood"
    })
final class EdgesCommand extends TableCommand<EdgeRow> {
  private static final String SECURED = "√";

  /** A namespace where there is none. */
  private static final String NOWHERE = "-";

  @Parameters(
      arity = "1..*",
      paramLabel = "TYPE",
      description = "What to call both ends by: deploy, po, ns, sa, sts, ds, job, cj, rs or rc.")
  private List<String> words;

  @Mixin private NamespaceOptions namespaces;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "table",
      description = "Form of the answer: ${COMPLETION-CANDIDATES}.")
  private TableOutput output;

  EdgesCommand() {
    super("edges", EdgeRow.class, "No edges found.");
  }

  @Override
  Params params() throws CommandFailure {
    return params(request());
  }

  @Override
  TableOutput output() {
    return output;
  }

  private EdgesRequest request() throws CommandFailure {
    try {
      if (words.size() > 1) {
        throw new IllegalArgumentException(
            EdgesRequest.nameGiven(String.join(" ", words.subList(1, words.size()))));
      }
      ResourceType type = EdgesRequest.type(words.getFirst());
      return new EdgesRequest(type, namespaces.namespace());
    } catch (IllegalArgumentException e) {
      throw CommandFailure.misunderstood(e);
    }
  }

  private static Params params(EdgesRequest request) {
    var params = new Params().add("type", request.type().longName());
    request.namespace().ifPresent(name -> params.add("namespace", name));
    return params;
  }

  @Override
  void print(List<EdgeRow> rows, PrintWriter out) {
    table(rows).lines().forEach(out::println);
  }

  private TextTable table(List<EdgeRow> rows) {
    boolean wide = output == TableOutput.WIDE;
    var columns = TextTable.columns().left("SRC").left("DST").left("SRC_NS").left("DST_NS");
    if (wide) {
      columns.left("CLIENT_ID").left("SERVER_ID");
    }
    TextTable table = columns.left("SECURED").build();
    // Without the identities, edges that differ in these alone look the same.
    Set<List<String>> lines = new LinkedHashSet<>();
    rows.forEach(row -> lines.add(cells(row, wide)));
    lines.forEach(table::row);
    return table;
  }

  private static List<String> cells(EdgeRow row, boolean wide) {
    var cells =
        new ArrayList<>(
            List.of(
                row.source(),
                row.destination(),
                orNowhere(row.sourceNamespace()),
                orNowhere(row.destinationNamespace())));
    if (wide) {
      Stream.of(row.clientId(), row.serverId()).map(Identities::shortName).forEach(cells::add);
    }
    cells.add(secured(row));
    return cells;
  }

  private static String secured(EdgeRow row) {
    if (!row.denied()) {
      return row.reason().isEmpty() ? SECURED : row.reason();
    }
    return row.reason().isEmpty() ? "Denied" : "Denied (" + row.reason() + ")";
  }

  private static String orNowhere(String namespace) {
    return Optional.of(namespace).filter(name -> !name.isEmpty()).orElse(NOWHERE);
  }
}
