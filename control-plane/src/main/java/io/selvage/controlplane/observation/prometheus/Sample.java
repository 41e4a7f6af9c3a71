// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.prometheus;

import java.util.Map;

/** One element of an instant vector. */
record Sample(Map<String, String> labels, double value) {
  /** Value of a label; empty where there is none, as Prometheus has it. */
  String label(String name) {
    return labels.getOrDefault(name, "");
  }
}
