// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.controlplane.app.ControlPlaneOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Opens the control plane's page. */
@Command(
    name = "dashboard",
    description = {
      "Open the control plane's page: who talks to whom and how well, live. In a cluster it is",
      "served through the API server while this runs."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:the address was printed; or stopped by Ctrl-C",
      "1:the control plane cannot be reached",
      "2:not understood"
    })
final class DashboardCommand implements Callable<Integer> {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  @Spec private CommandSpec spec;

  @Option(
      names = "--port",
      paramLabel = "N",
      description =
          "Port of 127.0.0.1 that leads into the cluster; 0 = any free one (default: "
              + ControlPlaneOptions.API_PORT
              + ", or any if that is taken).")
  private @Nullable Integer port;

  @Option(names = "--no-browser", description = "Only print the address.")
  private boolean noBrowser;

  @Mixin private ControlPlaneOption controlPlane;

  @Override
  public Integer call() throws InterruptedException {
    if (port != null && (port < 0 || port > 65_535)) {
      throw new ParameterException(spec.commandLine(), "--port is between 0 and 65535");
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build()) {
      ControlPlaneReach reach = controlPlane.reach(localPort());
      try {
        Optional<String> trouble = trouble(client, reach);
        if (trouble.isPresent()) {
          throw CommandFailure.unreachable(trouble.get());
        }
        URI page = reach.resolve("");
        out.println("The page of the control plane: " + page);
        if (!noBrowser) {
          browse(page, out);
        }
        out.flush();
        if (reach.pod().isPresent()) {
          out.println(
              "It leads to the pod " + reach.pod().get() + " while this runs; Ctrl-C ends it.");
          keep(client, reach, err);
        }
        return 0;
      } finally {
        reach.close();
      }
    } catch (CommandFailure e) {
      return e.report(err);
    }
  }

  private int localPort() {
    if (port != null) {
      return port;
    }
    // Another page, or a control plane of this machine.
    return ControlPlaneReach.listens(ControlPlaneOptions.API_PORT)
        ? 0
        : ControlPlaneOptions.API_PORT;
  }

  /** Leads on to another pod of the control plane when one is gone. */
  private void keep(HttpClient client, ControlPlaneReach first, PrintWriter err)
      throws InterruptedException {
    ControlPlaneReach reach = first;
    int local = reach.url().getPort();
    boolean told = false;
    try {
      while (true) {
        Thread.sleep(LOOK_EVERY);
        if (trouble(client, reach).isEmpty()) {
          continue;
        }
        reach.close();
        try {
          reach = controlPlane.reach(local);
          err.println("now it leads to the pod " + reach.pod().orElse("on this machine"));
          told = false;
        } catch (CommandFailure e) {
          if (!told) {
            err.println(e.getMessage());
            told = true;
          }
        }
      }
    } finally {
      reach.close();
    }
  }

  /** Why the page is not there; empty if it is. */
  private static Optional<String> trouble(HttpClient client, ControlPlaneReach reach)
      throws InterruptedException {
    try {
      var request = HttpRequest.newBuilder(reach.resolve("api/v1/overview"));
      var answer = WholeAnswer.to(client, request, TIMEOUT);
      return answer.statusCode() == 200 && answer.body().contains("\"trust_domain\"")
          ? Optional.empty()
          : Optional.of(
              reach.url()
                  + " answers, but is not a control plane with a page (status "
                  + answer.statusCode()
                  + ")");
    } catch (IOException e) {
      String message = e.getMessage() == null ? "no connection" : e.getMessage();
      return Optional.of(reach.url() + " cannot be reached: " + message);
    }
  }

  private static void browse(URI page, PrintWriter out) {
    Optional<List<String>> command =
        browser(System.getProperty("os.name", ""), System.getenv(), page.toString());
    if (command.isEmpty()) {
      return;
    }
    try {
      new ProcessBuilder(command.get())
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
      out.println("It is opened in the browser.");
    } catch (IOException _) {
      // The address is printed already.
    }
  }

  /** What opens a page; empty where there is no screen. */
  static Optional<List<String>> browser(
      String system, Map<String, String> environment, String page) {
    String name = system.toLowerCase(Locale.ROOT);
    if (name.contains("mac")) {
      return Optional.of(List.of("open", page));
    }
    if (name.contains("windows")) {
      return Optional.of(List.of("rundll32", "url.dll,FileProtocolHandler", page));
    }
    boolean screen =
        environment.containsKey("DISPLAY") || environment.containsKey("WAYLAND_DISPLAY");
    return screen ? Optional.of(List.of("xdg-open", page)) : Optional.empty();
  }
}
