// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.micrometer.core.instrument.MeterRegistry;
import io.selvage.controlplane.api.Overview;
import io.selvage.controlplane.api.TapApi;
import io.selvage.controlplane.api.TrafficApi;
import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.controlplane.app.ControlPlaneProcess;
import io.selvage.controlplane.identity.ClusterStorage;
import io.selvage.controlplane.identity.FolderStorage;
import io.selvage.controlplane.identity.IssueLog;
import io.selvage.controlplane.identity.LocalTokenVerifier;
import io.selvage.controlplane.identity.ServiceAccountEvents;
import io.selvage.controlplane.identity.TokenKeyFile;
import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.link.ClusterView;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.RotatePermission;
import io.selvage.controlplane.link.TapPermission;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.controlplane.observation.Observation;
import io.selvage.controlplane.observation.ObservationOptions;
import io.selvage.controlplane.page.ToolRoutes;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.KindSelection;
import io.selvage.kube.api.AccessReview;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.ApiEvents;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.api.NamedObjects;
import io.selvage.kube.api.TokenReview;
import io.selvage.kube.folder.FolderLimits;
import io.selvage.kube.folder.FolderSource;
import io.selvage.model.mesh.MeshProtocol;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts the parts of a control plane together: with a folder alone, or with a cluster. */
public final class ControlPlanes {
  private static final Logger log = LoggerFactory.getLogger(ControlPlanes.class);

  private ControlPlanes() {}

  /**
   * A control plane that reads manifests and keeps its keys in a folder.
   *
   * @param identityDir issuer, trust anchors and token key; made where they are missing
   * @param observed what is remembered of the traffic
   * @throws IOException if a port or the identity folder cannot be opened
   */
  public static ControlPlaneProcess fromFolder(
      ControlPlaneOptions options, Path manifests, Path identityDir, ObservationOptions observed)
      throws IOException {
    InstantSource clock = InstantSource.system();
    return ControlPlaneProcess.start(
        options,
        new FolderSource(manifests, FolderLimits.DEFAULT, KindSelection.CONTROL_PLANE),
        new ControlPlaneProcess.IdentityParts(
            new FolderStorage(identityDir),
            new LocalTokenVerifier(
                TokenKeyFile.openOrCreate(identityDir).open(), MeshProtocol.TOKEN_AUDIENCE, clock),
            new IssueLog(),
            RotatePermission.loopback()),
        (cluster, metrics) -> traffic(observed, TapPermission.loopback(), cluster, metrics),
        clock);
  }

  /**
   * A control plane of a cluster.
   *
   * @param identityDir instead of the cluster's Secret and ConfigMap
   * @param externalIdentity whether somebody else keeps these two
   */
  static ControlPlaneProcess fromKubernetes(
      ControlPlaneOptions options,
      Optional<Path> identityDir,
      boolean externalIdentity,
      ObservationOptions observed)
      throws IOException {
    ApiServer api =
        ApiServer.connect(ApiServerOptions.DEFAULT.withUserAgent("selvage-control-plane"));
    var tokens = new TokenReview(api, MeshProtocol.TOKEN_AUDIENCE);
    requirePermission(tokens);
    String instance = Optional.ofNullable(System.getenv("HOSTNAME")).orElse("control-plane");
    var rights = new ReviewedRights(new AccessReview(api));
    ClusterStateSource objects = api.source(KindSelection.CONTROL_PLANE);
    return ControlPlaneProcess.start(
        options,
        objects,
        new ControlPlaneProcess.IdentityParts(
            identityDir.isEmpty()
                ? new ClusterStorage(new NamedObjects(api), options.namespace(), externalIdentity)
                : new FolderStorage(identityDir.get()),
            tokens,
            new ServiceAccountEvents(ApiEvents.start(api, instance), options.self()),
            rights.rotations()),
        (cluster, metrics) -> traffic(observed, rights.taps(), cluster, metrics),
        InstantSource.system());
  }

  /** Better no control plane than one that refuses every pod. */
  private static void requirePermission(TokenReview tokens) throws IOException {
    try {
      Optional<String> missing = tokens.missingPermission();
      if (missing.isPresent()) {
        throw new IOException(missing.get());
      }
    } catch (ApiCallException e) {
      // It may be away for now, as it may be later: each certificate asks again.
      log.atWarn().log("the API server could not be asked what is permitted: {}", e.getMessage());
    }
  }

  /** The web tools that are served under the page. */
  static List<ToolRoutes.Tool> tools(ObservationOptions observed) {
    return Stream.of(
            observed.prometheus().map(url -> new ToolRoutes.Tool("Prometheus", "prometheus", url)),
            observed.grafana().map(url -> new ToolRoutes.Tool("Grafana", "grafana", url)))
        .flatMap(Optional::stream)
        .toList();
  }

  /** Observation as the process wants it. */
  private static ControlPlaneProcess.Traffic traffic(
      ObservationOptions observed,
      TapPermission permission,
      ClusterView cluster,
      MeterRegistry metrics) {
    Observation observation = Observation.start(observed, cluster, metrics);
    var tools = new ToolRoutes(tools(observed));
    return new ControlPlaneProcess.Traffic() {
      @Override
      public TrafficSink sink() {
        return observation.sink();
      }

      @Override
      public List<ApiRoutes> routes() {
        return List.of(
            new TrafficApi(observation.query()), new TapApi(observation.taps(), permission), tools);
      }

      @Override
      public List<Overview.Link> links() {
        return tools.links();
      }

      @Override
      public void connect(ProxyFleet fleet) {
        observation.connect(fleet);
      }

      @Override
      public void silentReplicas(Supplier<List<String>> silent) {
        observation.silentReplicas(silent);
      }

      @Override
      public void incompleteReplicas(Supplier<List<String>> incomplete) {
        observation.incompleteReplicas(incomplete);
      }

      @Override
      public void close() {
        observation.close();
      }
    };
  }
}
