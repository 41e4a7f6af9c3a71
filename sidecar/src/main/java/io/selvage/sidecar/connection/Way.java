// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.connection;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which way a connection goes through the sidecar: what reports call its listener. */
public enum Way {
  /** To the application. */
  INBOUND("inbound"),
  /** To the application, in a TLS of its own. */
  INBOUND_TLS("inbound-tls"),
  /** From the application, to a Service or a pod. */
  OUTBOUND("outbound"),
  /** From the application, to where nothing is known of. */
  OUTBOUND_FORWARD("outbound-forward"),
  /** From the application, to an address nobody could be asked about. */
  OUTBOUND_UNANSWERED("outbound-unanswered");

  private static final Map<String, Way> BY_LISTENER =
      Arrays.stream(values()).collect(Collectors.toMap(Way::listener, Function.identity()));

  private final String listener;

  Way(String listener) {
    this.listener = listener;
  }

  /** Name in {@code ConnectionInfo} and {@code TcpClient}. */
  public String listener() {
    return listener;
  }

  public boolean isInbound() {
    return this == INBOUND || this == INBOUND_TLS;
  }

  /** The way of a listener name; null if it is none of ours. */
  public static @Nullable Way of(String listener) {
    return BY_LISTENER.get(listener);
  }
}
