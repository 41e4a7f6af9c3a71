// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.connection;

import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.listener.ListenerEnvironment;
import io.selvage.proxy.listener.ListenerServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Opens the sidecar's sockets. */
public final class SidecarListeners {
  private static final long PATIENCE_SECONDS = 10;

  private SidecarListeners() {}

  /**
   * Opens a socket; not for event loops.
   *
   * @param name of the listener
   * @throws IOException naming the address and the system's reason
   */
  public static ListenerServer bind(
      String name, InetSocketAddress address, ListenerEnvironment environment) throws IOException {
    String host = address.getAddress().getHostAddress();
    var spec =
        new ListenerSpec(
            name,
            Optional.empty(),
            host,
            address.getPort(),
            false,
            ListenerSpec.TlsMode.OFF,
            false,
            ListenerSpec.SecurityModel.INSECURE,
            0,
            "",
            List.of(),
            List.of(),
            1_000,
            name);
    try {
      return ListenerServer.bind(spec, environment, problem -> {})
          .toCompletableFuture()
          .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IOException(
          "cannot listen on " + host + " port " + address.getPort() + ": " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new IOException("listening on " + host + " port " + address.getPort() + " hangs", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
