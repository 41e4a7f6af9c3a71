// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.gateway.compile.CompileResult;
import io.selvage.gateway.compile.GatewayCompiler;
import io.selvage.gateway.status.ProblemView;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.model.kube.ClusterState;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints every problem of a folder that a gateway would report, without starting one. */
@Command(
    name = "lint",
    description = "Show every problem that the gateway would report about manifests.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:no errors (there may be warnings)", "1:errors", "2:not understood"})
final class LintCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "DIR",
      description = "Folders (or single files) of manifests, taken together.")
  private List<Path> paths;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "text",
      description = "Form of the answer: ${COMPLETION-CANDIDATES}.")
  private Output output;

  @Option(
      names = "--allow-external-name",
      description = "Judge as a gateway that was started with this option.")
  private boolean allowExternalName;

  /** The JSON answer. */
  record Report(int objects, long errors, long warnings, List<ProblemView> problems) {}

  @Override
  public Integer call() throws JsonProcessingException {
    Optional<String> unreadable = Folders.unreadable(paths);
    if (unreadable.isPresent()) {
      throw new ParameterException(spec.commandLine(), unreadable.get());
    }
    Report report = lint(Folders.read(paths));
    PrintWriter out = spec.commandLine().getOut();
    if (output == Output.JSON) {
      out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report));
    } else {
      print(report, out);
    }
    return report.errors() == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private Report lint(ClusterState state) {
    CompileOptions options = CompileOptions.defaults().withExternalName(allowExternalName);
    CompileResult result = GatewayCompiler.standard().compile(state, options);
    List<ProblemView> problems = ProblemView.of(result.problems(), state);
    long errors = problems.stream().filter(p -> p.severity().equals("error")).count();
    return new Report(state.size(), errors, problems.size() - errors, problems);
  }

  private static void print(Report report, PrintWriter out) {
    report.problems().forEach(out::println);
    out.println(
        "%d object%s, %d error%s, %d warning%s"
            .formatted(
                report.objects(),
                report.objects() == 1 ? "" : "s",
                report.errors(),
                report.errors() == 1 ? "" : "s",
                report.warnings(),
                report.warnings() == 1 ? "" : "s"));
  }
}
