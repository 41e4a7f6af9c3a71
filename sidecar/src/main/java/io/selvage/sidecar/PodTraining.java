// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar;

import io.selvage.sidecar.init.ProxyInitMain;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.stream.Stream;

/**
 * {@link PodMain} as the build runs it to record which classes both commands load: the rules of
 * {@code proxy-init} are worked out and thrown away, then the sidecar runs. Not a command of {@code
 * mesh}.
 */
final class PodTraining {
  private PodTraining() {}

  /** Arguments: those of the sidecar. */
  public static void main(String[] args) {
    var nowhere = new PrintWriter(Writer.nullWriter());
    int code =
        ProxyInitMain.run(
            nowhere,
            nowhere,
            "--dry-run",
            "--skip-inbound-ports=25,4000-4100",
            "--skip-subnets=10.0.0.0/8");
    if (code != 0) {
      throw new IllegalStateException("proxy-init --dry-run ended with " + code);
    }
    PodMain.main(Stream.concat(Stream.of("sidecar"), Stream.of(args)).toArray(String[]::new));
  }
}
