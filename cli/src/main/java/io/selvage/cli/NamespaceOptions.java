// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The namespace a command looks into. */
final class NamespaceOptions {
  private static final String DEFAULT = "default";

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NS",
      description = "Namespace to look into (default: " + DEFAULT + ").")
  private @Nullable String namespace;

  @Option(
      names = {"-A", "--all-namespaces"},
      description = "Look into all namespaces.")
  private boolean all;

  boolean isAll() {
    return all;
  }

  /** Whether {@code -n} was typed. */
  boolean isGiven() {
    return namespace != null;
  }

  /**
   * The namespace; empty for all.
   *
   * @throws IllegalArgumentException if both options are given
   */
  Optional<String> namespace() {
    if (all && namespace != null) {
      throw new IllegalArgumentException(
          "--all-namespaces and --namespace flags are mutually exclusive");
    }
    return all ? Optional.empty() : Optional.of(namespace == null ? DEFAULT : namespace);
  }
}
