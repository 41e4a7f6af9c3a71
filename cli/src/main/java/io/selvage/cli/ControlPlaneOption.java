// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.controlplane.app.ControlPlaneOptions;
import java.net.URI;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where the control plane's API is. */
final class ControlPlaneOption {
  @Option(
      names = "--control-plane",
      paramLabel = "URL",
      defaultValue = "${env:SELVAGE_CONTROL_PLANE}",
      description = {
        "The control plane's API (default: SELVAGE_CONTROL_PLANE of the environment; or the"
            + " control",
        "plane of the cluster that the kubeconfig names, through its API server; or, without a",
        "kubeconfig, http://127.0.0.1:8085)."
      })
  private @Nullable URI url;

  @Option(
      names = "--control-plane-namespace",
      paramLabel = "NAME",
      defaultValue = "${env:SELVAGE_NAMESPACE:-" + ControlPlaneOptions.NAMESPACE + "}",
      description = "Its namespace in a cluster (default: SELVAGE_NAMESPACE, or selvage).")
  private String namespace;

  @Mixin private KubeOptions kube;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  ControlPlaneClient client() throws CommandFailure {
    return new ControlPlaneClient(reach(0));
  }

  /**
   * The way to it.
   *
   * @param localPort where a way through an API server begins; 0 = any free one
   */
  ControlPlaneReach reach(int localPort) throws CommandFailure {
    return ControlPlaneReach.open(
        Optional.ofNullable(url).filter(given -> !given.toString().isEmpty()),
        kube,
        namespace,
        localPort,
        ControlPlaneOptions.API_PORT,
        command.commandLine().getErr());
  }
}
