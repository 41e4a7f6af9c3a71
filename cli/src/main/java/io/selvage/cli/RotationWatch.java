// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;

/** Watches a running rotation, and survives restarts of the control plane. */
final class RotationWatch {
  private static final Duration ASK_EVERY = Duration.ofMillis(500);

  /** So long may the control plane be silent. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final IdentityClient client;
  private final Ways ways;
  private final PrintWriter out;
  private final PrintWriter err;

  /** Finds a way to the control plane. */
  @FunctionalInterface
  interface Ways {
    ControlPlaneReach open() throws CommandFailure;
  }

  /**
   * @param ways asked for another way when the present one leads nowhere
   * @param out told how far it got
   * @param err told whom it asks if that changes
   */
  RotationWatch(IdentityClient client, Ways ways, PrintWriter out, PrintWriter err) {
    this.client = client;
    this.ways = ways;
    this.out = out;
    this.err = err;
  }

  /**
   * Says what changes until there is nothing more to wait for.
   *
   * @param first what was answered last
   * @return exit code
   * @throws IOException if the control plane has been silent for too long
   */
  int follow(JsonNode first) throws IOException, InterruptedException {
    JsonNode view = first;
    String last = "";
    long silentSince = 0;
    while (true) {
      JsonNode rotation = view.path("rotation");
      String line = IdentityText.rotation(rotation);
      if (!line.equals(last)) {
        out.println(line);
        last = line;
      }
      if (!rotation.path("active").asBoolean()) {
        return 0;
      }
      if (rotation.path("held").asBoolean()) {
        out.println(
            "it goes on by itself once they follow; --proceed leaves them behind, --abort gives"
                + " up");
        return 1;
      }
      if (onlyTimeIsLeft(rotation)) {
        out.println("the old root is removed by itself when that leaf has ended");
        return 0;
      }
      Thread.sleep(ASK_EVERY);
      try {
        view = client.view();
        silentSince = 0;
      } catch (IOException e) {
        long now = System.nanoTime();
        silentSince = silentSince == 0 ? now : silentSince;
        if (now - silentSince > PATIENCE.toNanos()) {
          throw e;
        }
        goAnotherWay();
      }
    }
  }

  /** Whether everybody has renewed, and the old root stays for those who are away. */
  private static boolean onlyTimeIsLeft(JsonNode rotation) {
    return rotation.path("phase").asText().equals("renewing")
        && rotation.path("waiting").asInt() == 0
        && rotation.path("silentReplicas").isEmpty()
        && rotation.path("prune").asText().equals("after-leaf-lifetime");
  }

  /** A way leads to one pod, which may be gone for good. */
  private void goAnotherWay() {
    String before = client.reach().target();
    try {
      client.go(ways.open());
    } catch (CommandFailure e) {
      return; // perhaps none is ready just now
    }
    String target = client.reach().target();
    if (!target.equals(before)) {
      err.println("Watching " + target + " from here on.");
    }
  }
}
