// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.PodPort;
import io.selvage.kube.api.ServiceAccountToken;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The way to the control plane's API: the URL that was given; or else, where there is a kubeconfig,
 * a pod of the control plane of that cluster through its API server, by the user's own rights; or
 * else the port of this machine. Whatever listens on this machine never stands for a cluster.
 */
final class ControlPlaneReach implements AutoCloseable {
  /** As the charts label the control plane's pods. */
  static final Map<String, String> LABELS =
      Map.of("selvage.io/control-plane-component", "control-plane");

  private static final int LOCAL_TIMEOUT_MILLIS = 1_000;

  /** The shortest that an API server gives. */
  private static final Duration TOKEN_LIFE = Duration.ofMinutes(10);

  private final URI url;
  private final String namespace;
  private final boolean impersonates;
  private final @Nullable ApiServer api;
  private final @Nullable PodPort port;

  private ControlPlaneReach(
      URI url,
      String namespace,
      boolean impersonates,
      @Nullable ApiServer api,
      @Nullable PodPort port) {
    this.url = url;
    this.namespace = namespace;
    this.impersonates = impersonates;
    this.api = api;
    this.port = port;
  }

  /**
   * Finds the way.
   *
   * @param said the URL that was given; empty = to be found
   * @param kube the cluster that is meant, if one is
   * @param namespace of the control plane in a cluster
   * @param localPort where a way through the API server begins; 0 = any free one
   * @param here the port of this machine where a control plane of this machine listens
   * @param err told where it leads if that may be mistaken
   * @throws CommandFailure with a text for people
   */
  static ControlPlaneReach open(
      Optional<URI> said,
      KubeOptions kube,
      String namespace,
      int localPort,
      int here,
      PrintWriter err)
      throws CommandFailure {
    if (said.isPresent()) {
      if (kube.account().isChosen()) {
        throw CommandFailure.misunderstood(
            said.get()
                + " is a control plane already: --control-plane and SELVAGE_CONTROL_PLANE go"
                + " without --kubeconfig, --context and --as");
      }
      return at(said.get());
    }
    if (!kube.account().isChosen() && !kube.hasKubeconfig()) {
      // A pod has an account of its own, which is seldom the one that is meant.
      if (!kube.isConfigured() || listens(here)) {
        return at(local(here));
      }
    }
    return through(kube, namespace, localPort, here, err);
  }

  private static ControlPlaneReach through(
      KubeOptions kube, String namespace, int localPort, int here, PrintWriter err)
      throws CommandFailure {
    ApiServer api = kube.connect();
    try {
      PodPort port =
          PodPort.open(
              api,
              namespace,
              ControlPlaneOptions.SERVICE_ACCOUNT,
              LABELS,
              ControlPlaneOptions.API_PORT,
              localPort);
      if (port.localPort() != here && listens(here)) {
        err.println(
            "This goes to the control plane of "
                + TerminalText.line(api.cluster())
                + ", as the kubeconfig says; whoever listens on "
                + local(here)
                + " is asked with --control-plane "
                + local(here));
      }
      return new ControlPlaneReach(
          local(port.localPort()), namespace, kube.account().user().isPresent(), api, port);
    } catch (IOException e) {
      api.close();
      String message = TerminalText.line(String.valueOf(e.getMessage()));
      throw CommandFailure.unreachable(
          listens(here)
              ? message
                  + System.lineSeparator()
                  + "Somebody listens on "
                  + local(here)
                  + ", who is not asked, for there is a kubeconfig; --control-plane "
                  + local(here)
                  + " asks there."
              : message);
    } catch (RuntimeException e) {
      // A kubeconfig is other people's text, and the client library says little of it.
      api.close();
      throw CommandFailure.unreachable(
          "the kubeconfig cannot be used: " + TerminalText.line(String.valueOf(e.getMessage())));
    }
  }

  private static ControlPlaneReach at(URI url) throws CommandFailure {
    if (url.getHost() == null
        || !Set.of("http", "https").contains(String.valueOf(url.getScheme()))) {
      throw CommandFailure.misunderstood(url + " is not the http URL of a control plane");
    }
    return new ControlPlaneReach(url, "", false, null, null);
  }

  private static URI local(int port) {
    return URI.create("http://127.0.0.1:" + port);
  }

  /** Whether somebody, whoever it is, listens on this port of this machine. */
  static boolean listens(int port) {
    try (var socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port), LOCAL_TIMEOUT_MILLIS);
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

  /** Which control plane this is, for people. */
  String target() {
    return api == null || port == null
        ? "the control plane at " + url
        : "the control plane's pod " + port.pod() + " of " + TerminalText.line(api.cluster());
  }

  /**
   * A token by which the control plane knows who calls: the user's own; or, as a client certificate
   * and an impersonated user cannot be passed on, one of the operators' ServiceAccount, which the
   * user's rights allow or not.
   *
   * @param err told which account speaks if it is not the user's own
   * @return empty if this leads through no cluster
   * @throws CommandFailure with a text for people
   */
  Optional<CallerToken> token(PrintWriter err) throws CommandFailure {
    if (api == null) {
      return Optional.empty();
    }
    Optional<String> own = impersonates ? Optional.empty() : api.bearerToken();
    if (own.isPresent()) {
      return own.map(CallerToken::of);
    }
    String account = ControlPlaneOptions.OPERATOR_ACCOUNT;
    try {
      var token = ServiceAccountToken.request(api, namespace, account, TOKEN_LIFE);
      err.println(
          "The ServiceAccount "
              + namespace
              + "/"
              + account
              + " speaks for you, by a token of "
              + TOKEN_LIFE.toMinutes()
              + " minutes that your rights allow.");
      return Optional.of(new CallerToken(token.token(), Optional.of(token.expires())));
    } catch (ApiCallException e) {
      throw CommandFailure.failed(refused(e, account));
    }
  }

  private String refused(ApiCallException e, String account) {
    String where = " in the namespace " + namespace;
    String instead = "; or give a bearer token with --token-file";
    if (e.isForbidden()) {
      return "your account may not create serviceaccounts/token of "
          + account
          + where
          + ": it takes a Role that allows this"
          + instead;
    }
    if (e.isNotFound()) {
      return "there is no ServiceAccount "
          + account
          + where
          + ", which speaks for users without a bearer token: an installation of this version makes"
          + " it, unless controlPlane.operatorAccount.create is false"
          + instead;
    }
    return TerminalText.line(String.valueOf(e.getMessage()));
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
