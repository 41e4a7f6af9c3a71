// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.controlplane;

import io.micrometer.core.instrument.MeterRegistry;
import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.controlplane.app.ControlPlaneProcess;
import io.selvage.controlplane.identity.FolderStorage;
import io.selvage.controlplane.identity.IdentityEvents;
import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.link.ClusterView;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.controlplane.observation.Observation;
import io.selvage.controlplane.observation.ObservationOptions;
import io.selvage.kube.KindSelection;
import io.selvage.kube.TokenVerifier;
import io.selvage.kube.folder.FolderLimits;
import io.selvage.kube.folder.FolderSource;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;

/** The process that is measured. Arguments: gRPC port, admin port, manifests, identity folder. */
public final class ServedControlPlane {
  private ServedControlPlane() {}

  public static void main(String[] args) throws Exception {
    var options =
        ControlPlaneOptions.defaults()
            .withPorts(Integer.parseInt(args[0]), 0, Integer.parseInt(args[1]));
    ControlPlaneProcess process =
        ControlPlaneProcess.start(
            options,
            new FolderSource(Path.of(args[2]), FolderLimits.DEFAULT, KindSelection.CONTROL_PLANE),
            new ControlPlaneProcess.IdentityParts(
                new FolderStorage(Path.of(args[3])),
                token -> new TokenVerifier.Refused("nobody is known"),
                IdentityEvents.NONE,
                RotatePermission.loopback()),
            ServedControlPlane::observe,
            InstantSource.system());
    process.ready().join();
    System.out.println(process.readyLine());
    process.stopped().join();
  }

  private static ControlPlaneProcess.Traffic observe(ClusterView cluster, MeterRegistry metrics) {
    Observation observation = Observation.start(ObservationOptions.defaults(), cluster, metrics);
    return new ControlPlaneProcess.Traffic() {
      @Override
      public TrafficSink sink() {
        return observation.sink();
      }

      @Override
      public List<ApiRoutes> routes() {
        return List.of();
      }

      @Override
      public void close() {
        observation.close();
      }
    };
  }
}
