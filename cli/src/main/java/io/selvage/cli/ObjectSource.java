// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a component's objects come from: one of the two. */
final class ObjectSource {
  @Option(names = "--from", paramLabel = "DIR", description = "Folder of manifests, watched.")
  @Nullable Path folder;

  @Option(
      names = "--kubernetes",
      description = "The API server of the ambient kubeconfig or of the pod's account.")
  boolean kubernetes;

  /** What is wrong with it; a folder may come later. */
  Optional<String> problem() {
    Path from = folder;
    return from != null && Files.exists(from) && !Files.isDirectory(from)
        ? Optional.of("--from " + from + " is not a folder")
        : Optional.empty();
  }
}
