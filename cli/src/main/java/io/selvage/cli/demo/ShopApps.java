// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import io.selvage.model.mesh.MeshProtocol;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The three programs of the demo's shop, none of which knows of a mesh: a storefront that speaks
 * HTTP/1.1 and asks the other two, orders that speaks gRPC, and a mailer that greets whoever
 * connects before it is spoken to, as mail and database servers do.
 */
final class ShopApps {
  /** What the mailer says first. */
  static final String GREETING = "220 mailer at your service\r\n";

  private static final String ORDERS_METHOD = "/shop.Orders/Count";
  private static final int GRPC_PREFIX = 5;
  private static final String LOOPBACK = "127.0.0.1";

  private final HttpServer orders;
  private final NetServer mailer;
  private final HttpServer storefront;
  private final HttpClient grpc;
  private final NetClient client;
  private volatile @Nullable Neighbours neighbours;

  /** Where the storefront finds the other two: its sidecar's listeners. */
  private record Neighbours(SocketAddress orders, SocketAddress mailer) {}

  private ShopApps(Vertx vertx) throws TimeoutException {
    orders = vertx.createHttpServer().requestHandler(ShopApps::count);
    orders.listen(0, LOOPBACK).await(5, TimeUnit.SECONDS);
    mailer =
        vertx
            .createNetServer()
            .connectHandler(socket -> {
              socket.handler(said -> socket.end(Buffer.buffer("221 bye\r\n")));
              socket.write(GREETING);
            });
    mailer.listen(0, LOOPBACK).await(5, TimeUnit.SECONDS);
    client = vertx.createNetClient();
    grpc =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));
    storefront = vertx.createHttpServer().requestHandler(this::sell);
    storefront.listen(0, LOOPBACK).await(5, TimeUnit.SECONDS);
  }

  /** Starts all three. */
  static ShopApps start(Vertx vertx) throws TimeoutException {
    return new ShopApps(vertx);
  }

  /** Tells the storefront where it reaches the other two. */
  void introduce(SocketAddress ordersAt, SocketAddress mailerAt) {
    neighbours = new Neighbours(ordersAt, mailerAt);
  }

  private void sell(HttpServerRequest request) {
    Neighbours known = neighbours;
    if (known == null) {
      request.response().setStatusCode(503).end("not open yet\n");
      return;
    }
    Future<Integer> counted = askOrders(grpc, known.orders());
    Future<String> greeted = greet(known.mailer());
    Future.all(counted, greeted)
        .onSuccess(both ->
            request
                .response()
                .putHeader("content-type", "application/json")
                .end(
                    new JsonObject()
                            .put("storefront", "open")
                            .put("caller", request.getHeader(MeshProtocol.CLIENT_ID_FIELD))
                            .put("orders", counted.result())
                            .put("mailer", greeted.result())
                            .encodePrettily()
                        + "\n"))
        .onFailure(failed -> request.response().setStatusCode(502).end(failed.getMessage() + "\n"));
  }

  int storefrontPort() {
    return storefront.actualPort();
  }

  int ordersPort() {
    return orders.actualPort();
  }

  int mailerPort() {
    return mailer.actualPort();
  }

  private Future<String> greet(SocketAddress mailerAt) {
    return client
        .connect(mailerAt)
        .compose(socket -> {
          Promise<String> line = Promise.promise();
          // Says nothing until it is greeted.
          socket.handler(said -> {
            line.tryComplete(said.toString(StandardCharsets.US_ASCII).strip());
            socket.end(Buffer.buffer("QUIT\r\n"));
          });
          socket.closeHandler(v -> line.tryFail("the mailer closed without a greeting"));
          socket.exceptionHandler(line::tryFail);
          return line.future();
        });
  }

  private static Future<Integer> askOrders(HttpClient client, SocketAddress ordersAt) {
    return client
        .request(
            new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setServer(ordersAt)
                .setHost("orders.shop")
                .setPort(80)
                .setURI(ORDERS_METHOD))
        .compose(ShopApps::callOrders);
  }

  private static Future<Integer> callOrders(HttpClientRequest request) {
    request.putHeader("content-type", "application/grpc").putHeader("te", "trailers");
    Future<HttpClientResponse> sent = request.send(message(""));
    return sent.compose(response ->
        response
            .body()
            .compose(body -> {
              String status = response.getTrailer("grpc-status");
              return "0".equals(status)
                  ? Future.succeededFuture(
                      Integer.parseInt(
                          body.getString(
                              GRPC_PREFIX, body.length(), StandardCharsets.US_ASCII.name())))
                  : Future.failedFuture("orders answered grpc-status " + status);
            }));
  }

  private static void count(HttpServerRequest request) {
    request
        .body()
        .onSuccess(body -> {
          var response = request.response().setChunked(true);
          response.putHeader("content-type", "application/grpc");
          if (!ORDERS_METHOD.equals(request.path())) {
            response.putTrailer("grpc-status", "12");
            response.end();
            return;
          }
          response.write(message("42"));
          response.putTrailer("grpc-status", "0");
          response.end();
        });
  }

  /** One gRPC message; the shop's are plain digits. */
  private static Buffer message(String text) {
    return Buffer.buffer()
        .appendByte((byte) 0)
        .appendInt(text.length())
        .appendString(text, StandardCharsets.US_ASCII.name());
  }
}
