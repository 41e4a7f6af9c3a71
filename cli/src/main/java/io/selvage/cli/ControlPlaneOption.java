// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.net.URI;
import picocli.CommandLine.Option;

/** Where the control plane's API is. */
final class ControlPlaneOption {
  @Option(
      names = "--control-plane",
      paramLabel = "URL",
      defaultValue = "${env:SELVAGE_CONTROL_PLANE:-http://127.0.0.1:8085}",
      description = {
        "The control plane's API (default: SELVAGE_CONTROL_PLANE of the environment, or",
        "http://127.0.0.1:8085)."
      })
  private URI url;

  ControlPlaneClient client() {
    return new ControlPlaneClient(url);
  }
}
