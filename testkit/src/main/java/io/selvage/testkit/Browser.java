// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real browser without a screen, told what to do by W3C WebDriver: the packages {@code chromium}
 * and {@code chromium-driver} of Debian. {@link #unavailable()} says why a test is skipped without
 * them.
 */
public final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Keys as WebDriver names them (section 17.4.2). */
  public static final String TAB = "\uE004";

  public static final String ENTER = "\uE007";
  public static final String ESCAPE = "\uE00C";
  public static final String RIGHT = "\uE014";
  public static final String LEFT = "\uE012";

  private final Process driver;
  private final HttpClient client = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
  private final String base;
  private String session = "";

  private Browser(Process driver, int port) {
    this.driver = driver;
    this.base = "http://127.0.0.1:" + port;
  }

  /** Why there is no browser; empty if there is one. */
  public static Optional<String> unavailable() {
    return Stream.of("chromium", "chromedriver")
        .filter(name -> program(name).isEmpty())
        .map(name -> "there is no " + name + " on the PATH (chromium, chromium-driver)")
        .findFirst();
  }

  private static Optional<Path> program(String name) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts a browser.
   *
   * @param dir for its profile and the driver's log
   */
  public static Browser start(Path dir) throws IOException, InterruptedException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Process driver =
        new ProcessBuilder(program("chromedriver").orElseThrow().toString(), "--port=" + port)
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("chromedriver.log").toFile())
            .start();
    var browser = new Browser(driver, port);
    try {
      browser.awaitDriver();
      browser.open(dir.resolve("profile"));
      return browser;
    } catch (InterruptedException | RuntimeException e) {
      browser.close();
      throw e;
    }
  }

  private void awaitDriver() throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        call("GET", "/status", null);
        return;
      } catch (UncheckedIOException | IllegalStateException e) {
        if (System.nanoTime() > end || !driver.isAlive()) {
          throw e;
        }
        Thread.sleep(100);
      }
    }
  }

  private void open(Path profile) {
    var arguments =
        new JsonArray(
            List.of(
                "--headless",
                // A container's root has no user namespaces to make a sandbox of.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + profile));
    var wanted =
        new JsonObject()
            .put("browserName", "chrome")
            .put(
                "goog:chromeOptions",
                new JsonObject()
                    .put("binary", program("chromium").orElseThrow().toString())
                    .put("args", arguments))
            .put("goog:loggingPrefs", new JsonObject().put("browser", "ALL"));
    var capabilities =
        new JsonObject().put("capabilities", new JsonObject().put("alwaysMatch", wanted));
    if (call("POST", "/session", capabilities) instanceof JsonObject begun) {
      session = "/session/" + begun.getString("sessionId");
    } else {
      throw new IllegalStateException("the driver began no session");
    }
  }

  /** Loads a page and waits until it is loaded. */
  public void load(URI page) {
    tell("/url", new JsonObject().put("url", page.toString()));
  }

  /** Runs the body of a function in the page; what it returns, as JSON has it. */
  public @Nullable Object run(String script) {
    return tell(
        "/execute/sync", new JsonObject().put("script", script).put("args", new JsonArray()));
  }

  /** What {@link #run} returns, as text. */
  public String text(String script) {
    return String.valueOf(run(script));
  }

  /** Presses and releases keys, one after another, wherever the focus is. */
  public void press(String... keys) {
    var actions = new JsonArray();
    for (String key : keys) {
      actions.add(new JsonObject().put("type", "keyDown").put("value", key));
      actions.add(new JsonObject().put("type", "keyUp").put("value", key));
    }
    var keyboard = new JsonObject().put("type", "key").put("id", "k").put("actions", actions);
    tell("/actions", new JsonObject().put("actions", new JsonArray().add(keyboard)));
  }

  /** Makes the page as large as this, in CSS pixels, whatever a window may be at least. */
  public void size(int width, int height) {
    chromium(
        "Emulation.setDeviceMetricsOverride",
        new JsonObject()
            .put("width", width)
            .put("height", height)
            .put("deviceScaleFactor", 1)
            .put("mobile", false));
  }

  /**
   * What the reader prefers.
   *
   * @param scheme light or dark
   */
  public void prefer(String scheme) {
    var feature = new JsonObject().put("name", "prefers-color-scheme").put("value", scheme);
    chromium(
        "Emulation.setEmulatedMedia",
        new JsonObject().put("features", new JsonArray().add(feature)));
  }

  private void chromium(String command, JsonObject parameters) {
    tell("/goog/cdp/execute", new JsonObject().put("cmd", command).put("params", parameters));
  }

  /**
   * What pages wrote to the console, and what the browser complained of in them, since the last
   * call.
   *
   * @param address beginning of the addresses of the pages that count: the browser has its own
   */
  public List<String> console(String address) {
    Object lines = tell("/se/log", new JsonObject().put("type", "browser"));
    return lines instanceof JsonArray all
        ? all.stream()
            .map(JsonObject.class::cast)
            .map(line -> line.getString("level") + " " + line.getString("message"))
            .filter(line -> line.contains(address))
            .toList()
        : List.of();
  }

  private @Nullable Object tell(String path, JsonObject body) {
    return call("POST", session + path, body);
  }

  private @Nullable Object call(String method, String path, @Nullable JsonObject body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path))
            .timeout(PATIENCE)
            .header("content-type", "application/json");
    request.method(
        method,
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(body.encode()));
    try {
      var response = client.send(request.build(), BodyHandlers.ofString());
      var answer = new JsonObject(response.body());
      if (response.statusCode() != 200) {
        throw new IllegalStateException(method + " " + path + ": " + answer.encode());
      }
      return answer.getValue("value");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    try {
      if (!session.isEmpty()) {
        call("DELETE", session, null);
      }
    } catch (UncheckedIOException | IllegalStateException e) {
      // The process ends below in any case.
    } finally {
      client.shutdownNow();
      end();
    }
  }

  private void end() {
    List<ProcessHandle> children = driver.descendants().toList();
    driver.destroy();
    try {
      if (!driver.waitFor(20, TimeUnit.SECONDS)) {
        driver.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    children.forEach(ProcessHandle::destroyForcibly);
  }
}
