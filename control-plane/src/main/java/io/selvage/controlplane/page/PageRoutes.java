// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.page;

import io.selvage.controlplane.link.ApiRoutes;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Serves the page and what belongs to it. It takes everything it shows from the API beside it. All
 * of its addresses are relative, so it works below a path too.
 */
public final class PageRoutes implements ApiRoutes {
  /**
   * Scripts and styles from files of ours only, requests to this origin only, no text ever made
   * markup (Content Security Policy Level 3, Trusted Types).
   */
  static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
          + " require-trusted-types-for 'script'; trusted-types 'none'";

  private final List<Asset> assets =
      List.of(
          Asset.read("/", "index.html", "text/html; charset=utf-8"),
          Asset.read("/page.css", "page.css", "text/css; charset=utf-8"),
          Asset.read("/page.js", "page.js", "text/javascript; charset=utf-8"),
          Asset.read("/tap.js", "tap.js", "text/javascript; charset=utf-8"),
          Asset.read("/topology.js", "topology.js", "text/javascript; charset=utf-8"),
          Asset.read("/icon.svg", "icon.svg", "image/svg+xml"));

  /** One file. */
  private record Asset(String path, String type, Buffer content, String tag) {
    static Asset read(String path, String name, String type) {
      try (InputStream in = PageRoutes.class.getResourceAsStream(name)) {
        if (in == null) {
          throw new IllegalStateException(name + " is not among the resources");
        }
        byte[] bytes = in.readAllBytes();
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
        return new Asset(
            path, type, Buffer.buffer(bytes), '"' + HexFormat.of().formatHex(hash, 0, 16) + '"');
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public void mount(Router router) {
    for (Asset asset : assets) {
      router.get(asset.path).handler(call -> answer(call, asset));
      router.head(asset.path).handler(call -> answer(call, asset));
    }
  }

  private static void answer(RoutingContext call, Asset asset) {
    HttpServerResponse response = call.response();
    response
        .putHeader("content-type", asset.type)
        .putHeader("etag", asset.tag)
        .putHeader("cache-control", "no-cache")
        .putHeader("content-security-policy", CONTENT_SECURITY_POLICY)
        .putHeader("x-content-type-options", "nosniff")
        .putHeader("referrer-policy", "no-referrer")
        .putHeader("cross-origin-opener-policy", "same-origin")
        .putHeader("cross-origin-resource-policy", "same-origin")
        .putHeader("x-frame-options", "DENY");
    if (asset.tag.equals(call.request().getHeader("if-none-match"))) {
      response.setStatusCode(304).end();
    } else {
      response.end(asset.content);
    }
  }
}
