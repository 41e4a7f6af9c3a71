// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.netty.util.Version;
import io.selvage.cli.install.ServerVersions;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Names the version of this command, of what is installed on the cluster, and of the sidecars; as
 * {@code --version}, this build and what it runs on.
 */
@Command(
    name = "version",
    description =
        "Show the versions of this command and of what is on the cluster; --version shows what this"
            + " build runs on.",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.class,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:shown; a cluster that does not answer is \"unavailable\"",
      "1:the sidecars cannot be counted, or the kubeconfig cannot be used",
      "2:not understood"
    })
public final class VersionCommand implements Callable<Integer>, IVersionProvider {
  private static final String UNAVAILABLE = "unavailable";

  @Spec private CommandSpec spec;

  @Option(names = "--client", description = "Ask no cluster.")
  private boolean client;

  @Option(names = "--short", description = "Versions alone, one a line.")
  private boolean brief;

  @Option(names = "--proxy", description = "Count the sidecars by version, too.")
  private boolean proxy;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      defaultValue = "selvage",
      description = "Namespace of the control plane (default: ${DEFAULT-VALUE}).")
  private String namespace;

  @Mixin private KubeOptions kube;

  /** A cluster is asked where a kubeconfig says which; one that does not answer is no failure. */
  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    if (client && proxy) {
      throw new ParameterException(
          spec.commandLine(), "--client and --proxy exclude each other: sidecars are on a cluster");
    }
    out.println((brief ? "" : "Client version: ") + number());
    if (client) {
      return CommandLine.ExitCode.OK;
    }
    String label = brief ? "" : "Server version: ";
    try {
      if (!proxy && !kube.isConfigured()) {
        out.println(label + UNAVAILABLE);
        return CommandLine.ExitCode.OK;
      }
      try (ServerVersions cluster = ServerVersions.connect(kube, namespace)) {
        out.println(label + server(cluster));
        return proxy ? proxies(cluster, out) : CommandLine.ExitCode.OK;
      }
    } catch (CommandFailure e) {
      out.println(label + UNAVAILABLE);
      return e.report(spec.commandLine().getErr());
    }
  }

  /** Standard output has the word alone, for programs. */
  private String server(ServerVersions cluster) {
    try {
      return cluster.server();
    } catch (CommandFailure e) {
      e.report(spec.commandLine().getErr());
      return UNAVAILABLE;
    }
  }

  private int proxies(ServerVersions cluster, PrintWriter out) {
    try {
      SortedMap<String, Integer> versions = cluster.proxies();
      if (!brief) {
        out.println("Proxy versions:" + (versions.isEmpty() ? " " + UNAVAILABLE : ""));
      }
      versions.forEach(
          (version, pods) -> out.println((brief ? "" : "\t") + version + " (" + pods + " pods)"));
      return CommandLine.ExitCode.OK;
    } catch (CommandFailure e) {
      return e.report(spec.commandLine().getErr());
    }
  }

  @Override
  public String[] getVersion() throws IOException {
    return new String[] {describe()};
  }

  /** The version alone, such as 0.1.0. */
  public static String number() {
    try {
      return facts().getProperty("version", "unknown");
    } catch (IOException e) {
      return "unknown";
    }
  }

  private static Properties facts() throws IOException {
    var facts = new Properties();
    try (InputStream in = resource("/io/selvage/cli/build.properties")) {
      if (in != null) {
        facts.load(in);
      }
    }
    return facts;
  }

  static String describe() throws IOException {
    Properties facts = facts();
    return "selvage %s (%s), Java %s, Netty %s, Vert.x %s"
        .formatted(
            facts.getProperty("version", "unknown"),
            facts.getProperty("revision", "unknown"),
            Runtime.version(),
            nettyVersion(),
            vertxVersion());
  }

  private static String nettyVersion() {
    Version netty = Version.identify().get("netty-common");
    return netty == null ? "unknown" : netty.artifactVersion();
  }

  private static String vertxVersion() throws IOException {
    try (InputStream in = resource("/META-INF/vertx/vertx-version.txt")) {
      return in == null ? "unknown" : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    }
  }

  private static @Nullable InputStream resource(String name) {
    return VersionCommand.class.getResourceAsStream(name);
  }
}
