// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import io.selvage.cli.CommandFailure;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** Where Selvage is, or is to be, installed. */
public final class NamespaceOption {
  /** Where commands look if nobody says where. */
  private static final String DEFAULT = "selvage";

  /** RFC 1123, section 2.1: a label. */
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      defaultValue = DEFAULT,
      description = "Namespace of the control plane (default: ${DEFAULT-VALUE}).")
  private String namespace;

  /** What a command in a message needs to find a namespace; empty for that of the default. */
  public static String in(String namespace) {
    return namespace.equals(DEFAULT) ? "" : " -n " + namespace;
  }

  String name() throws CommandFailure {
    if (!LABEL.matcher(namespace).matches()) {
      throw CommandFailure.misunderstood("\"" + namespace + "\" is no name of a namespace");
    }
    return namespace;
  }
}
