// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import io.selvage.cli.FreePorts;
import io.selvage.gateway.app.GatewayOptions;
import io.selvage.gateway.app.GatewayProcess;
import io.selvage.gateway.telemetry.GatewayTelemetry;
import io.selvage.gateway.telemetry.TelemetryOptions;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.kube.StatusSink;
import io.selvage.kube.folder.FolderSource;
import io.selvage.model.routing.KeyMaterial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The demo's world with the gateway in front of it, on loopback. */
final class DemoGateway implements AutoCloseable {
  private static final String LOOPBACK = "127.0.0.1";
  private static final Duration LAME_DUCK = Duration.ofMillis(300);
  private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(10);
  private static final long START_SECONDS = 60;

  private final DemoWorld world;
  private final GatewayProcess process;
  private final GatewayTelemetry telemetry;
  private final int httpPort;
  private final int httpsPort;
  private final KeyMaterial certificate;
  private final Shop shop;

  private DemoGateway(
      DemoWorld world,
      GatewayProcess process,
      GatewayTelemetry telemetry,
      int httpPort,
      int httpsPort,
      KeyMaterial certificate,
      Shop shop) {
    this.world = world;
    this.process = process;
    this.telemetry = telemetry;
    this.httpPort = httpPort;
    this.httpsPort = httpsPort;
    this.certificate = certificate;
    this.shop = shop;
  }

  /**
   * Starts everything and waits until it serves.
   *
   * @param network first two numbers of the loopback addresses of the shop's pods
   * @param preferred ports that are taken where they are free: HTTP, HTTPS, admin, and the control
   *     plane's API; 0 = any
   */
  static DemoGateway start(String network, int... preferred)
      throws IOException, TimeoutException, InterruptedException {
    int httpPort = freePort(preferred[0]);
    int httpsPort = freePort(preferred[1]);
    int adminPort = freePort(preferred[2]);
    Path folder = Files.createTempDirectory("selvage-demo");
    KeyMaterial certificate = DemoWorld.newCertificate();
    DemoWorld world = DemoWorld.create(folder, certificate, httpPort, httpsPort);
    try {
      Shop shop = world.openShop(network, freePort(preferred[3]));
      var options =
          new GatewayOptions(
                  CompileOptions.defaults().withListeners(LOOPBACK, httpPort, httpsPort),
                  LOOPBACK,
                  adminPort,
                  LAME_DUCK,
                  DRAIN_TIMEOUT,
                  0)
              .withMesh(shop.gatewayMembership());
      // The visitor's terminal shows the demo's own lines; no access log among them.
      var telemetry = new GatewayTelemetry(new TelemetryOptions("off", Optional.empty(), 0));
      GatewayProcess process =
          GatewayProcess.start(
              options, new FolderSource(folder), StatusSink.none(), telemetry.hooks());
      telemetry.attach(process);
      awaitFirst(process);
      return new DemoGateway(world, process, telemetry, httpPort, httpsPort, certificate, shop);
    } catch (IOException | TimeoutException | InterruptedException | RuntimeException e) {
      world.close();
      throw e;
    }
  }

  private static void awaitFirst(GatewayProcess process)
      throws TimeoutException, InterruptedException {
    try {
      process.server().firstLive().toCompletableFuture().get(START_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IllegalStateException("the gateway did not start", e);
    }
  }

  /** The preferred port if nobody has it, else any other; 0 prefers none. */
  private static int freePort(int preferred) throws IOException {
    return preferred != 0 && FreePorts.isFree(LOOPBACK, preferred)
        ? preferred
        : FreePorts.on(LOOPBACK);
  }

  DemoWorld world() {
    return world;
  }

  int httpsPort() {
    return httpsPort;
  }

  /** The certificate the demo began with. */
  KeyMaterial certificate() {
    return certificate;
  }

  String http() {
    return "http://" + LOOPBACK + ":" + httpPort;
  }

  String admin() {
    return "http://" + LOOPBACK + ":" + process.adminPort();
  }

  Shop shop() {
    return shop;
  }

  /** Waits until the gateway has stopped; false if it has not in time. */
  boolean awaitStop(Duration atMost) throws InterruptedException {
    try {
      process
          .server()
          .stopped()
          .toCompletableFuture()
          .get(atMost.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException | ExecutionException e) {
      return false;
    }
  }

  @Override
  public void close() {
    process.close();
    telemetry.close();
    world.close();
  }
}
