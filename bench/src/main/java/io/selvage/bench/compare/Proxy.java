// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.compare;

/**
 * A running proxy (or, for the row without one, the backend itself).
 *
 * @param name nginx, haproxy, selvage or none
 * @param process what was started; its descendants' processor time counts as well
 */
record Proxy(String name, ProcessHandle process, int http, int https, int tcp) {
  int port(Scenario.Port port) {
    return switch (port) {
      case HTTP -> http;
      case HTTPS -> https;
      case TCP -> tcp;
    };
  }

  /** Processor seconds used so far by the process and its descendants, user and system. */
  double cpuSeconds() {
    return ProcessUse.cpuSeconds(process);
  }

  /** Resident memory of the process and its descendants in MB. */
  double residentMegabytes() {
    return ProcessUse.residentMegabytes(process);
  }

  void stop() {
    ProcessUse.end(process);
  }
}
