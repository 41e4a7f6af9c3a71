// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar;

import io.selvage.sidecar.init.ProxyInitMain;
import java.util.Arrays;

/**
 * The command of the sidecar's image, which holds no shell: {@code sidecar} or {@code proxy-init},
 * each with its own options. One ahead-of-time cache serves both.
 */
public final class PodMain {
  private static final int NOT_UNDERSTOOD = 2;

  private PodMain() {}

  public static void main(String[] args) {
    String command = args.length == 0 ? "" : args[0];
    String[] options = Arrays.copyOfRange(args, Math.min(1, args.length), args.length);
    switch (command) {
      case "sidecar" -> SidecarMain.main(options);
      case "proxy-init" -> ProxyInitMain.main(options);
      default -> {
        System.err.println(
            "mesh: this image runs `sidecar` or `proxy-init`, not \"" + command + "\"");
        System.exit(NOT_UNDERSTOOD);
      }
    }
  }
}
