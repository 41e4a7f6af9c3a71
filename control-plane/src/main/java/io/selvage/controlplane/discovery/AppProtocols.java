// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import io.selvage.model.mesh.ProtocolHint;
import java.util.Locale;
import java.util.Optional;

/** Meaning of {@code appProtocol} in ports of Services. */
final class AppProtocols {
  private AppProtocols() {}

  /** Empty where nothing was stated, or nothing we know: then whoever speaks first decides. */
  static Optional<ProtocolHint> hint(String appProtocol) {
    return switch (appProtocol.toLowerCase(Locale.ROOT)) {
      case "http", "kubernetes.io/ws" -> Optional.of(ProtocolHint.HTTP1);
      case "kubernetes.io/h2c", "h2c", "http2", "grpc" -> Optional.of(ProtocolHint.HTTP2);
      case "tcp", "selvage.io/opaque", "selvage.io/tcp" -> Optional.of(ProtocolHint.OPAQUE);
      default -> Optional.empty();
    };
  }
}
