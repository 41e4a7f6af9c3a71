// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import io.selvage.identity.SelfSigned;
import io.selvage.model.routing.KeyMaterial;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the demo's gateway is put in front of: backends on loopback and a folder of manifests. */
final class DemoWorld implements AutoCloseable {
  /** The host of the sample shop; no resolver knows it, so a client sends it as Host and SNI. */
  static final String SHOP = "shop.demo.test";

  /** Share of {@code /split/} that goes to the newer version. */
  static final int CANARY_PERCENT = 20;

  private static final Duration VALIDITY = Duration.ofDays(30);

  private final Vertx vertx;
  private final Manifests manifests;
  final SampleBackend website;
  final SampleBackend newWebsite;
  final SampleBackend engine;
  final SampleBackend cart;
  final SampleBackend version1;
  final SampleBackend version2;
  final SampleBackend silent;
  private @Nullable Shop shop;

  private DemoWorld(Vertx vertx, Manifests manifests) throws TimeoutException {
    this.vertx = vertx;
    this.manifests = manifests;
    website = SampleBackend.start(vertx, "website");
    newWebsite = SampleBackend.start(vertx, "website-new");
    engine = SampleBackend.start(vertx, "engine");
    cart = SampleBackend.start(vertx, "cart");
    version1 = SampleBackend.start(vertx, "version-1");
    version2 = SampleBackend.start(vertx, "version-2");
    silent = SampleBackend.silent(vertx, "silent");
  }

  /**
   * Starts the backends and writes the folder.
   *
   * @param httpPort port of the HTTP Listener
   * @param httpsPort port of the HTTPS Listener
   */
  static DemoWorld create(Path folder, KeyMaterial certificate, int httpPort, int httpsPort)
      throws IOException, TimeoutException {
    Vertx vertx = Vertx.vertx();
    try {
      var world = new DemoWorld(vertx, new Manifests(folder));
      world.write(certificate, httpPort, httpsPort);
      return world;
    } catch (IOException | TimeoutException | RuntimeException e) {
      vertx.close();
      throw e;
    }
  }

  static KeyMaterial newCertificate() {
    return SelfSigned.create(List.of(SHOP, "localhost"), Instant.now(), VALIDITY);
  }

  Manifests manifests() {
    return manifests;
  }

  private void write(KeyMaterial certificate, int httpPort, int httpsPort) throws IOException {
    manifests.write(
        "listeners.yaml",
        Manifests.listener("web", httpPort, "HTTP"),
        Manifests.listener("web-tls", httpsPort, "HTTPS"));
    manifests.write(
        "website.yaml",
        Manifests.mapping("website", "/web/", "website", ""),
        Manifests.mapping("slow", "/slow/", "website", "  timeout_ms: 15000\n"),
        Manifests.service("website"));
    pointWebsiteAt(website);
    manifests.write(
        "shop.yaml",
        Manifests.ingress("shop", "selvage", SHOP, "/cart", "cart", tls(SHOP)),
        Manifests.ingress("shop-local", "selvage", "localhost", "/cart", "cart", tls("localhost")),
        Manifests.service("cart"),
        Manifests.endpoints("cart", cart.port()));
    certify(certificate);
    manifests.write(
        "split.yaml",
        Manifests.mapping("split", "/split/", "version-1", ""),
        Manifests.mapping("split-canary", "/split/", "version-2", "  weight: 20\n"),
        Manifests.service("version-1"),
        Manifests.endpoints("version-1", version1.port()),
        Manifests.service("version-2"),
        Manifests.endpoints("version-2", version2.port()));
    manifests.write(
        "moved.yaml",
        Manifests.mapping(
            "moved",
            "/old/",
            "new.demo.test",
            "  host_redirect: true\n  path_redirect: /new/\n  redirect_response_code: 308\n"));
    manifests.write(
        "storefront.yaml",
        Manifests.mapping("storefront", "/shop/", "storefront." + ShopManifests.NAMESPACE, ""));
    manifests.write(
        "idle.yaml", Manifests.mapping("idle", "/idle/", "idle", ""), Manifests.service("idle"));
    manifests.write(
        "silent.yaml",
        Manifests.mapping("silent", "/silent/", "silent", "  timeout_ms: 500\n"),
        Manifests.service("silent"),
        Manifests.endpoints("silent", silent.port()));
    manifests.write(
        "engine.yaml", Manifests.service("engine"), Manifests.endpoints("engine", engine.port()));
  }

  /** The Ingress whose file the visitor (or the check) adds while the gateway runs. */
  String engineIngress() {
    return Manifests.ingress("engine", "ambassador", "", "/engine", "engine", "");
  }

  void pointWebsiteAt(SampleBackend backend) throws IOException {
    manifests.write("website-endpoints.yaml", Manifests.endpoints("website", backend.port()));
  }

  /** Adds the mesh: see {@link Shop#open}. */
  Shop openShop(String network, int apiPort)
      throws IOException, TimeoutException, InterruptedException {
    Shop opened = Shop.open(vertx, manifests, network, apiPort);
    shop = opened;
    return opened;
  }

  void certify(KeyMaterial certificate) throws IOException {
    manifests.write("certificate.yaml", Manifests.secret("shop-tls", certificate));
  }

  private static String tls(String host) {
    return """
      tls:
        - hosts: [%s]
          secretName: shop-tls
    """
        .formatted(host);
  }

  @Override
  public void close() {
    if (shop != null) {
      shop.close();
    }
    try {
      vertx.close().await(5, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      // The process ends soon; its sockets with it.
      System.Logger log = System.getLogger(DemoWorld.class.getName());
      log.log(System.Logger.Level.DEBUG, "sample backends did not stop in time", e);
    }
    try (Stream<Path> files = Files.walk(manifests.folder())) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the temporary folder cannot be removed", e);
    }
  }
}
