// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A running proxy (or, for the row without one, the backend itself).
 *
 * @param name nginx, haproxy, selvage or none
 * @param process what was started; its descendants' processor time counts as well
 */
record Proxy(String name, ProcessHandle process, int http, int https, int tcp) {
  /** The kernel's clock ticks per second (sysconf _SC_CLK_TCK), 100 on Linux as built today. */
  private static final double TICKS_PER_SECOND = 100;

  int port(Scenario.Port port) {
    return switch (port) {
      case HTTP -> http;
      case HTTPS -> https;
      case TCP -> tcp;
    };
  }

  /** Processor seconds used so far by the process and its descendants, user and system. */
  double cpuSeconds() {
    double sum = ticks(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      sum += ticks(child.pid());
    }
    return sum / TICKS_PER_SECOND;
  }

  /** Resident memory of the process and its descendants in MB. */
  double residentMegabytes() {
    double sum = resident(process.pid());
    for (ProcessHandle child : process.descendants().toList()) {
      sum += resident(child.pid());
    }
    return sum;
  }

  void stop() {
    List<ProcessHandle> all = new java.util.ArrayList<>(process.descendants().toList());
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

  private static double resident(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0;
        }
      }
    } catch (IOException e) {
      return 0; // ended meanwhile
    }
    return 0;
  }
}
