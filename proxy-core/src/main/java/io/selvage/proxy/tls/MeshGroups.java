// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Key exchange groups between proxies, best first: the hybrid of X25519 and ML-KEM-768
 * (draft-ietf-tls-ecdhe-mlkem), so that what is recorded today stays closed to tomorrow's quantum
 * computers, where the TLS library has it.
 */
final class MeshGroups {
  private static final Logger log = LoggerFactory.getLogger(MeshGroups.class);

  static final String HYBRID = "X25519MLKEM768";
  private static final List<String> CLASSIC = List.of("X25519", "P-256");

  /** What this build of the library takes. */
  static final String[] OFFERED = offered();

  private MeshGroups() {}

  private static String[] offered() {
    List<String> wanted = List.of(HYBRID, CLASSIC.get(0), CLASSIC.get(1));
    if (TlsParameters.PROVIDER == SslProvider.JDK || isTaken(wanted)) {
      return wanted.toArray(new String[0]);
    }
    log.atWarn().log("the TLS library has no {}: proxies agree on {}", HYBRID, CLASSIC);
    return CLASSIC.toArray(new String[0]);
  }

  private static boolean isTaken(List<String> groups) {
    try {
      ReferenceCountUtil.release(
          SslContextBuilder.forClient()
              .sslProvider(TlsParameters.PROVIDER)
              .trustManager(NobodyTrusted.INSTANCE)
              .option(OpenSslContextOption.GROUPS, groups.toArray(new String[0]))
              .build());
      return true;
    } catch (SSLException | IllegalStateException | IllegalArgumentException e) {
      return false;
    }
  }
}
