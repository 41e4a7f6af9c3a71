// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a process and its descendants use, from {@code /proc}. */
public final class ProcessUse {
  /** The kernel's clock ticks per second (sysconf _SC_CLK_TCK), 100 on Linux as built today. */
  private static final double TICKS_PER_SECOND = 100;

  private ProcessUse() {}

  /** Processor seconds used so far, user and system. */
  public static double cpuSeconds(ProcessHandle process) {
    double sum = ticks(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      sum += ticks(child.pid());
    }
    return sum / TICKS_PER_SECOND;
  }

  /** Resident memory in MB. */
  public static double residentMegabytes(ProcessHandle process) {
    double sum = status(process.pid(), "VmRSS:");
    for (ProcessHandle child : process.descendants().toList()) {
      sum += status(child.pid(), "VmRSS:");
    }
    return sum;
  }

  /** Resident memory that no file stands behind, in MB. */
  public static double anonymousMegabytes(ProcessHandle process) {
    return status(process.pid(), "RssAnon:");
  }

  /** Ends the process and its descendants, by force after 10 s. */
  public static void end(ProcessHandle process) {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process);
    all.forEach(ProcessHandle::destroy);
    for (ProcessHandle p : all) {
      try {
        p.onExit().get(10, TimeUnit.SECONDS);
      } catch (Exception e) {
        p.destroyForcibly();
      }
    }
  }

  private static double ticks(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      // Fields 14 and 15 (utime, stime), counted after the command, which may contain spaces.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    } catch (IOException e) {
      return 0; // ended meanwhile
    }
  }

  private static double status(long pid, String field) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
        if (line.startsWith(field)) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0;
        }
      }
    } catch (IOException e) {
      return 0; // ended meanwhile
    }
    return 0;
  }
}
