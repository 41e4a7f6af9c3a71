// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ApiServerOptions;
import io.selvage.kube.api.PodPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The way to the control plane's API: the URL that was given; or else the port of this machine, if
 * somebody listens there; or else, where there is a kubeconfig, a pod of the control plane through
 * the API server, by the user's own rights.
 */
final class ControlPlaneReach implements AutoCloseable {
  /** As the charts label the control plane's pods. */
  static final Map<String, String> LABELS =
      Map.of("selvage.io/control-plane-component", "control-plane");

  private static final int LOCAL_TIMEOUT_MILLIS = 1_000;

  private final URI url;
  private final @Nullable ApiServer api;
  private final @Nullable PodPort port;

  private ControlPlaneReach(URI url, @Nullable ApiServer api, @Nullable PodPort port) {
    this.url = url;
    this.api = api;
    this.port = port;
  }

  /**
   * Finds the way.
   *
   * @param said the URL that was given; empty = to be found
   * @param namespace of the control plane in a cluster
   * @param localPort where a way through the API server begins; 0 = any free one
   * @throws CommandFailure with a text for people
   */
  static ControlPlaneReach open(Optional<URI> said, String namespace, int localPort)
      throws CommandFailure {
    if (said.isPresent()) {
      return at(said.get());
    }
    if (isLocal() || !ApiServer.isConfigured()) {
      return at(local(ControlPlaneOptions.API_PORT));
    }
    ApiServer api = ApiServer.connect(ApiServerOptions.DEFAULT.withUserAgent("selvage-cli"));
    try {
      PodPort port =
          PodPort.open(
              api,
              namespace,
              ControlPlaneOptions.SERVICE_ACCOUNT,
              LABELS,
              ControlPlaneOptions.API_PORT,
              localPort);
      return new ControlPlaneReach(local(port.localPort()), api, port);
    } catch (IOException e) {
      api.close();
      throw CommandFailure.unreachable(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      // A kubeconfig is other people's text, and the client library says little of it.
      api.close();
      throw CommandFailure.unreachable("the kubeconfig cannot be used: " + e.getMessage());
    }
  }

  private static ControlPlaneReach at(URI url) throws CommandFailure {
    if (url.getHost() == null
        || !Set.of("http", "https").contains(String.valueOf(url.getScheme()))) {
      throw CommandFailure.misunderstood(url + " is not the http URL of a control plane");
    }
    return new ControlPlaneReach(url, null, null);
  }

  private static URI local(int port) {
    return URI.create("http://127.0.0.1:" + port);
  }

  private static boolean isLocal() {
    try (var socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), ControlPlaneOptions.API_PORT),
          LOCAL_TIMEOUT_MILLIS);
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /** Where the API is. */
  URI url() {
    return url;
  }

  /** A page below the API's URL, whatever path that has. */
  URI resolve(String path) {
    String base = url.toString();
    return URI.create((base.endsWith("/") ? base : base + "/") + path);
  }

  /** The pod it leads to; empty if it leads through no cluster. */
  Optional<String> pod() {
    return Optional.ofNullable(port).map(PodPort::pod);
  }

  /** The user's bearer token for the cluster it leads through; empty if there is none. */
  Optional<String> token() {
    return Optional.ofNullable(api).flatMap(ApiServer::bearerToken);
  }

  @Override
  public void close() {
    try {
      if (port != null) {
        port.close();
      }
    } catch (IOException _) {
      // It is given up anyway.
    }
    if (api != null) {
      api.close();
    }
  }
}
