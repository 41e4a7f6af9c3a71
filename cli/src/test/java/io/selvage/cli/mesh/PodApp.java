// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.mesh;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.Executors;

/**
 * An application in a pod; a process that uses nothing but the JDK. {@code http PORT NAME} serves
 * pages, {@code greet PORT NAME} speaks first and echoes lines afterwards.
 */
final class PodApp {
  /** Occurs in every page and greeting, and must never be seen on the wire. */
  static final String MARKER = "a-secret-of-this-page";

  private PodApp() {}

  public static void main(String[] args) throws IOException {
    int port = Integer.parseInt(args[1]);
    String name = args[2];
    switch (args[0]) {
      case "http" -> http(port, name);
      case "greet" -> greet(port, name);
      default -> throw new IllegalArgumentException(args[0]);
    }
    System.out.println("serving");
  }

  private static void http(int port, String name) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(port), 512);
    server.setExecutor(Executors.newFixedThreadPool(64));
    server.createContext(
        "/", exchange -> answer(exchange, "page of " + name + ": " + MARKER + "\n"));
    server.createContext(
        "/caller",
        exchange ->
            answer(
                exchange,
                String.valueOf(exchange.getRequestHeaders().get("Selvage-Client-Id")) + "\n"));
    server.createContext("/slow", PodApp::slow);
    // Told to end, it goes on for a moment, as those must who are still called by clients that have
    // not heard of it; then it ends when what it has begun is done.
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              sleep(6_000);
              server.stop(5);
            }));
    server.start();
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void answer(HttpExchange exchange, String text) throws IOException {
    byte[] body = text.getBytes(UTF_8);
    exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  /** {@code /slow/N} takes N seconds, a line every 100 ms. */
  private static void slow(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    int lines = 10 * Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream body = exchange.getResponseBody()) {
      for (int i = 1; i <= lines; i++) {
        body.write(("line " + i + "\n").getBytes(UTF_8));
        body.flush();
        Thread.sleep(100);
      }
      body.write("end\n".getBytes(UTF_8));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void greet(int port, String name) throws IOException {
    var listener = new ServerSocket(port, 512);
    Thread.ofPlatform()
        .start(() -> {
          while (true) {
            try {
              Socket client = listener.accept();
              Thread.ofVirtual().start(() -> converse(client, name));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        });
  }

  private static void converse(Socket client, String name) {
    try (client) {
      client.getOutputStream().write(("220 " + name + " " + MARKER + "\r\n").getBytes(US_ASCII));
      client.getInputStream().transferTo(client.getOutputStream());
    } catch (IOException e) {
      // The client is gone.
    }
  }
}
