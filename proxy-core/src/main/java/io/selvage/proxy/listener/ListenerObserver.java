// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;

/**
 * Hears what happens before there is an exchange, for metrics and the log. Called on event loops:
 * must not block. Label values may be taken from the spec, never from the peer.
 */
public interface ListenerObserver {
  /** Hears nothing. */
  ListenerObserver NONE = new ListenerObserver() {};

  /** The socket is open, at once or after retries; {@code port} is the real one. */
  default void onBound(ListenerSpec listener, int port) {}

  /** An open socket goes on under another name or stats prefix; {@code before} is gone. */
  default void onRenamed(ListenerSpec before, ListenerSpec after) {}

  /**
   * The socket could not be opened; tried again in the background. Told once per change of reason.
   */
  default void onBindFailed(ListenerSpec listener, Problem problem) {}

  default void onAccepted(ListenerSpec listener) {}

  default void onClosed(ListenerSpec listener) {}

  /** Accepting stopped because a cap was reached ({@code true}), or goes on. */
  default void onAcceptPaused(ListenerSpec listener, boolean paused) {}

  /**
   * accept(2) failed, most often because no file descriptor was left; tried again after a pause.
   */
  default void onAcceptError(ListenerSpec listener, Throwable cause) {}

  /**
   * A TLS handshake has ended well.
   *
   * @param version such as TLSv1.3
   * @param nanos from the ClientHello's end to the handshake's
   */
  default void onHandshake(ListenerSpec listener, String version, long nanos) {}

  /** A connection ended before there was an exchange. */
  default void onRefused(ListenerSpec listener, Refusal reason) {}

  /** Why a connection was ended before its first exchange. */
  enum Refusal {
    /** The PROXY protocol header broke its format. */
    PROXY_HEADER,
    /** Plaintext where TLS is required. */
    NOT_TLS,
    /** The ClientHello broke its format or was too long. */
    CLIENT_HELLO,
    /** No certificate for the server name, and no default. */
    NO_CERTIFICATE,
    /** The TLS handshake failed: version, cipher, or the client's certificate. */
    HANDSHAKE,
    /** Nothing here serves raw bytes or HTTP for this connection. */
    NO_ROUTE,
    /** The PROXY header, the ClientHello or the handshake took too long. */
    TIMEOUT
  }
}
