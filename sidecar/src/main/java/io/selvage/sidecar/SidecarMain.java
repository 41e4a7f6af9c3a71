// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar;

import io.selvage.sidecar.logging.LogLevels;
import io.selvage.sidecar.options.OptionException;
import io.selvage.sidecar.options.OptionParser;
import io.selvage.sidecar.options.SidecarOptions;
import io.selvage.sidecar.process.SidecarProcess;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Runs a sidecar until it is told to stop. */
public final class SidecarMain {
  private static final int OK = 0;
  private static final int FAILED = 1;
  private static final int NOT_UNDERSTOOD = 2;

  private SidecarMain() {}

  public static void main(String[] args) {
    System.exit(
        run(
            List.of(args),
            System.getenv(),
            new PrintWriter(System.out, true, StandardCharsets.UTF_8),
            new PrintWriter(System.err, true, StandardCharsets.UTF_8)));
  }

  /**
   * Runs one command line to its end.
   *
   * @return 0 stopped as asked, 1 could not start, 2 not understood
   */
  public static int run(
      List<String> args, Map<String, String> environment, PrintWriter out, PrintWriter err) {
    if (args.contains("--help") || args.contains("-h")) {
      out.print(OptionParser.help());
      out.flush();
      return OK;
    }
    SidecarOptions options;
    try {
      options = OptionParser.parse(args, environment);
    } catch (OptionException e) {
      err.println("mesh sidecar: " + e.getMessage());
      err.println("`mesh sidecar --help` lists the flags.");
      return NOT_UNDERSTOOD;
    }
    LogLevels.PROCESS.set(options.logLevel());
    try {
      SidecarProcess process = SidecarProcess.start(options, software());
      Runtime.getRuntime()
          .addShutdownHook(Thread.ofPlatform().name("selvage-stop").unstarted(() -> stop(process)));
      process.stopped().join();
      return OK;
    } catch (IOException e) {
      err.println("mesh sidecar: " + e.getMessage());
      return FAILED;
    } catch (RuntimeException | LinkageError e) {
      // Nothing a user does leads here that we know of; a stack trace would not tell him more.
      err.println("mesh sidecar: cannot start: " + e);
      return FAILED;
    }
  }

  private static String software() {
    String version = SidecarMain.class.getPackage().getImplementationVersion();
    return version == null ? "selvage" : "selvage " + version;
  }

  /** The JVM was told to end: it does so with 0 once everything is finished. */
  private static void stop(SidecarProcess process) {
    if (process.stopped().isDone()) {
      return;
    }
    process.leave();
    process.stopped().join();
    // Without this the exit status would be 143, as if the signal had killed us.
    Runtime.getRuntime().halt(OK);
  }
}
