// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.netty.util.Version;
import io.selvage.cli.install.ServerVersions;
import io.selvage.kube.api.ApiServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Names this build and what it runs on, in one line, and what is installed on the cluster. */
@Command(
    name = "version",
    description = "Show the version of Selvage, of what it runs on, and of what is on the cluster.",
    mixinStandardHelpOptions = true)
public final class VersionCommand implements Callable<Integer>, IVersionProvider {
  @Spec private CommandSpec spec;

  @Option(names = "--client", description = "Ask no cluster.")
  private boolean client;

  @Option(names = "--proxy", description = "Count the sidecars by version, too.")
  private boolean proxy;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      defaultValue = "selvage",
      description = "Namespace of the control plane (default: ${DEFAULT-VALUE}).")
  private String namespace;

  /** A cluster is asked where a kubeconfig says which; one that does not answer is no failure. */
  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    out.println(describe());
    if (proxy || !client && ApiServer.isConfigured()) {
      try (ServerVersions cluster = ServerVersions.connect(namespace)) {
        out.println("Server version: " + cluster.server());
        if (proxy) {
          out.println("Proxy versions:");
          cluster
              .proxies()
              .forEach((version, pods) ->
                  out.println("\t" + version + " (" + pods + (pods == 1 ? " pod)" : " pods)")));
        }
      } catch (CommandFailure e) {
        return e.report(spec.commandLine().getErr());
      }
    }
    return 0;
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
