// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.selvage.injector.manifest.ManifestUninjector;
import io.selvage.injector.manifest.TransformException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Takes everything of the mesh out of manifests. */
@Command(
    name = "uninject",
    description = "Remove the sidecar and the mesh's annotations from manifests.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:printed, skipped objects included",
      "1:a manifest cannot be read; nothing is printed",
      "2:not understood"
    })
final class UninjectCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "FILE|DIR|-",
      defaultValue = "-",
      description = "Manifests; - is standard input (default: ${DEFAULT-VALUE}).")
  private String path;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "yaml",
      paramLabel = "yaml|json",
      description = "Form of the answer (default: ${DEFAULT-VALUE}).")
  private String output;

  @Override
  public Integer call() throws IOException {
    boolean json = InjectCommand.isJson(spec, output);
    var uninjector = new ManifestUninjector();
    var err = spec.commandLine().getErr();
    var transformed = new ArrayList<JsonNode>();
    try {
      for (JsonNode document : ManifestFiles.read(path, System.in)) {
        transformed.add(uninjector.transform(document));
      }
    } catch (TransformException | IOException e) {
      err.println("Error transforming resources:");
      err.println(e.getMessage());
      return CommandLine.ExitCode.SOFTWARE;
    }
    ManifestFiles.print(transformed, json, spec.commandLine().getOut());
    new InjectionReport(err, false).uninjected(uninjector.reports());
    return CommandLine.ExitCode.OK;
  }
}
