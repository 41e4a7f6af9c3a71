// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.sidecar;

import io.selvage.bench.compare.ProcessUse;
import java.util.List;

/**
 * The proxies between client and application.
 *
 * @param name none, haproxy or selvage
 * @param processes none, or one a side
 * @param http where the client connects: on to the application by mutual TLS
 * @param opaque where the client connects: the first proxy's bytes, unencrypted and unseen,
 *     straight to the application
 */
record Pair(String name, List<ProcessHandle> processes, int http, int opaque) {
  double cpuSeconds() {
    return processes.stream().mapToDouble(ProcessUse::cpuSeconds).sum();
  }

  double residentMegabytes() {
    return processes.stream().mapToDouble(ProcessUse::residentMegabytes).sum();
  }
}
