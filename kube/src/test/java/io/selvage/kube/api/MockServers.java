// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.util.concurrent.TimeoutException;

/** The end of imitated API servers. */
final class MockServers {
  private MockServers() {}

  /**
   * Closes one. It blocks its own event loop for tens of seconds when a watch is cut, and gives up
   * waiting for itself before: its threads end later, and nothing of ours is known by that.
   */
  static void destroy(KubernetesMockServer mock) {
    try {
      mock.destroy();
    } catch (IllegalStateException e) {
      if (!(e.getCause() instanceof TimeoutException)) {
        throw e;
      }
    }
  }
}
