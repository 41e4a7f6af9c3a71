// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the gateway in front of sample backends, for looking at or checking itself. */
@Command(
    name = "demo",
    description = "Run a gateway, a mesh and sample programs on loopback; no cluster is needed.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:stopped by Ctrl-C, or every check held",
      "1:could not start, or a check failed",
      "2:not understood"
    })
public final class DemoCommand implements Callable<Integer> {
  private static final int HTTP_PORT = 18080;
  private static final int HTTPS_PORT = 18443;
  private static final int ADMIN_PORT = 19901;
  private static final int API_PORT = 18085;
  private static final String NETWORK = "127.77";

  /** Beyond this no further check begins; each is bounded by the client's own timeouts. */
  private static final Duration CHECK_TIME = Duration.ofMinutes(4);

  @Spec private CommandSpec spec;

  @Option(
      names = "--check",
      description = "Try everything with real requests, print what was seen, and end.")
  private boolean check;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    try (DemoGateway gateway =
        check
            ? DemoGateway.start(anyNetwork(), 0, 0, 0, 0)
            : DemoGateway.start(NETWORK, HTTP_PORT, HTTPS_PORT, ADMIN_PORT, API_PORT)) {
      if (check) {
        return DemoCheck.run(gateway, new CheckList(out, CHECK_TIME), out);
      }
      show(gateway, out);
      waitForEnd(gateway);
      return 0;
    } catch (IOException | TimeoutException e) {
      spec.commandLine().getErr().println("mesh demo: could not start: " + e.getMessage());
      return 1;
    }
  }

  /** Two checks on one machine do not take each other's addresses. */
  private static String anyNetwork() {
    return "127." + (100 + ThreadLocalRandom.current().nextInt(150));
  }

  private static void show(DemoGateway gateway, PrintWriter out) {
    String http = gateway.http();
    Path folder = gateway.world().manifests().folder();
    out.println("The gateway and the control plane read the manifests in " + folder);
    out.println("Each sample backend answers with what it saw. Try:");
    out.println();
    line(out, "curl " + http + "/web/", "a Mapping: the prefix becomes /");
    line(out, "curl -i " + http + "/engine/", "404 with an empty body: no route yet");
    line(out, "cat > " + folder + "/visitor.yaml <<'END'", "add one while it runs:");
    out.print(gateway.world().engineIngress().indent(2));
    out.println("  END");
    line(out, "curl -i " + http + "/engine/", "now 200, without a restart");
    line(out, "curl -H 'Host: shop.demo.test' " + http + "/cart/1", "an Ingress: path as it came");
    line(
        out,
        "curl -k --resolve shop.demo.test:%d:127.0.0.1 https://shop.demo.test:%d/cart/1"
            .formatted(gateway.httpsPort(), gateway.httpsPort()),
        "TLS and HTTP/2");
    line(out, "curl " + http + "/split/", "80 % version-1, 20 % version-2");
    line(out, "curl -i " + http + "/old/page", "a redirect");
    line(out, "curl -i " + http + "/idle/", "503: no endpoint");
    line(out, "curl -i " + http + "/silent/", "504 after half a second: silent backend");
    line(out, "curl -N '" + http + "/slow/?pieces=5&pauseMillis=500'", "a slow response");
    String api = " --control-plane " + gateway.shop().api();
    line(out, "curl " + http + "/shop/", "a workload of the mesh, which asks two more");
    line(out, "./mesh edges pod -n shop" + api, "who talks to whom, and whether it is secured");
    line(out, "./mesh stat pod -n shop" + api, "how well it goes");
    line(out, "./mesh dashboard" + api, "the same as a page: " + gateway.shop().api());
    line(out, "./mesh explain " + http + "/web/ --admin " + gateway.admin(), "where it goes, why");
    line(out, "./mesh lint " + folder, "what is wrong with the folder");
    line(out, "curl " + gateway.admin() + "/", "the admin pages");
    out.println();
    out.println("Edit the files and try again; Ctrl-C ends it and removes the folder.");
    out.flush();
  }

  private static void line(PrintWriter out, String command, String what) {
    out.println("  # " + what);
    out.println("  " + command);
  }

  private static void waitForEnd(DemoGateway gateway) throws InterruptedException {
    var ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  gateway.close();
                  ended.countDown();
                },
                "demo-end"));
    ended.await();
  }
}
