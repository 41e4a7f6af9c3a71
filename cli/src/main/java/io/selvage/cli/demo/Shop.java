// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import io.selvage.cli.ControlPlanes;
import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.controlplane.app.ControlPlaneProcess;
import io.selvage.controlplane.identity.FolderStorage;
import io.selvage.controlplane.identity.TokenKeyFile;
import io.selvage.controlplane.observation.ObservationOptions;
import io.selvage.identity.token.TokenKey;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.mesh.MeshOptions;
import io.selvage.mesh.MeshOptions.ControlAddress;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.sidecar.options.OptionException;
import io.selvage.sidecar.options.OptionParser;
import io.selvage.sidecar.process.SidecarProcess;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * The mesh of the demo: a control plane, and the three programs of a shop, each with a sidecar.
 * Nothing redirects connections here, so each sidecar is told which addresses to listen on; apart
 * from that everything is as in a cluster. Pods and Services have loopback addresses of their own.
 */
final class Shop implements AutoCloseable {
  private static final String LOOPBACK = "127.0.0.1";
  private static final String SOFTWARE = "demo";
  private static final Duration TOKEN_LIFETIME = Duration.ofDays(30);
  private static final long START_SECONDS = 60;
  private static final int POD_PORT = 8080;

  private final String network;
  private final Path secrets;
  private final ControlPlaneProcess controlPlane;
  private final List<SidecarProcess> sidecars = new ArrayList<>();

  private Shop(String network, Path secrets, ControlPlaneProcess controlPlane) {
    this.network = network;
    this.secrets = secrets;
    this.controlPlane = controlPlane;
  }

  /**
   * Writes the shop's manifests, starts its control plane, programs and sidecars, and waits until
   * each sidecar has its certificate.
   *
   * @param vertx runs the programs
   * @param manifests the folder that the gateway reads too
   * @param network first two numbers of the loopback addresses to use, such as {@code 127.77}
   * @param apiPort of the control plane; 0 = any
   */
  static Shop open(Vertx vertx, Manifests manifests, String network, int apiPort)
      throws IOException, TimeoutException, InterruptedException {
    ShopApps apps = ShopApps.start(vertx);
    manifests.write(
        "mesh.yaml",
        ShopManifests.workload("storefront", network + ".1.1", network + ".0.1", POD_PORT),
        ShopManifests.workload("orders", network + ".1.2", network + ".0.2", POD_PORT),
        ShopManifests.workload("mailer", network + ".1.3", network + ".0.3", POD_PORT),
        ShopManifests.gatewayPod(network + ".2.1"));
    Path secrets = Files.createTempDirectory("selvage-demo-identity");
    ControlPlaneProcess controlPlane =
        ControlPlanes.fromFolder(
            options(apiPort), manifests.folder(), secrets, ObservationOptions.defaults());
    var shop = new Shop(network, secrets, controlPlane);
    try {
      controlPlane.ready().get(START_SECONDS, TimeUnit.SECONDS);
      shop.run("orders", "1.2", apps.ordersPort(), List.of());
      shop.run("mailer", "1.3", apps.mailerPort(), List.of());
      SidecarProcess storefront =
          shop.run("storefront", "1.1", apps.storefrontPort(), List.of("0.2:80", "0.3:80"));
      apps.introduce(
          SocketAddress.inetSocketAddress(storefront.outboundPorts().get(0), LOOPBACK),
          SocketAddress.inetSocketAddress(storefront.outboundPorts().get(1), LOOPBACK));
      shop.awaitCertificates();
      return shop;
    } catch (ExecutionException | OptionException e) {
      shop.close();
      throw new IllegalStateException("the shop did not open", e);
    } catch (IOException | TimeoutException | InterruptedException | RuntimeException e) {
      shop.close();
      throw e;
    }
  }

  private static ControlPlaneOptions options(int apiPort) {
    return ControlPlaneOptions.defaults()
        .withAddress(LOOPBACK)
        .withPorts(0, apiPort, 0)
        // A visitor looks soon after the first request.
        .withReportInterval(Duration.ofMillis(500));
  }

  /** Starts the sidecar of a program. */
  private SidecarProcess run(String name, String pod, int appPort, List<String> reaches)
      throws IOException, OptionException {
    String podIp = network + "." + pod;
    var flags =
        new ArrayList<>(
            List.of(
                "--control-plane",
                LOOPBACK + ":" + controlPlane.grpcPort(),
                "--token-file",
                token(ShopManifests.NAMESPACE, name).toString(),
                "--trust-anchors",
                anchors().toString(),
                "--pod-namespace",
                ShopManifests.NAMESPACE,
                "--pod-name",
                name + "-1",
                "--pod-ips",
                podIp,
                "--admin-address",
                LOOPBACK,
                "--admin-port",
                "0",
                "--shutdown-grace",
                "1s",
                "--inbound",
                podIp + ":" + POD_PORT + "=" + LOOPBACK + ":" + appPort));
    for (String service : reaches) {
      flags.add("--outbound");
      flags.add(LOOPBACK + ":0=" + network + "." + service);
    }
    SidecarProcess sidecar = SidecarProcess.start(OptionParser.parse(flags, Map.of()), SOFTWARE);
    sidecars.add(sidecar);
    return sidecar;
  }

  /** Mints what the kubelet would project into a pod. */
  private Path token(String namespace, String serviceAccount) throws IOException {
    TokenKey key = TokenKeyFile.openOrCreate(secrets);
    var who = new WorkloadIdentity(ControlPlaneOptions.TRUST_DOMAIN, namespace, serviceAccount);
    return Files.writeString(
        secrets.resolve(serviceAccount + ".token"),
        WorkloadTokens.mint(key, who, MeshProtocol.TOKEN_AUDIENCE, Instant.now(), TOKEN_LIFETIME));
  }

  private Path anchors() {
    return secrets.resolve(FolderStorage.BUNDLE);
  }

  private void awaitCertificates() throws TimeoutException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    for (SidecarProcess sidecar : sidecars) {
      while (!sidecar.readiness().isReady()) {
        if (System.nanoTime() > end) {
          throw new TimeoutException("a sidecar got no certificate in time");
        }
        Thread.sleep(10);
      }
    }
  }

  /** How the gateway becomes a workload of this mesh. */
  MeshOptions gatewayMembership() throws IOException {
    return new MeshOptions(
        List.of(new ControlAddress(LOOPBACK, controlPlane.grpcPort())),
        MeshOptions.controlIdentity(ControlPlaneOptions.TRUST_DOMAIN),
        token("selvage", "gateway"),
        anchors(),
        new PodRef("selvage", "gateway-1"),
        ProxyKind.GATEWAY,
        SOFTWARE,
        MeshOptions.REPORT_INTERVAL,
        InboundSettings.DEFAULT);
  }

  /** URL of the control plane's API, which {@code edges} and {@code stat} ask. */
  String api() {
    return "http://" + LOOPBACK + ":" + controlPlane.apiPort();
  }

  @Override
  public void close() {
    sidecars.forEach(SidecarProcess::close);
    controlPlane.close();
    try (Stream<Path> files = Files.walk(secrets)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the temporary folder of keys cannot be removed", e);
    }
  }
}
