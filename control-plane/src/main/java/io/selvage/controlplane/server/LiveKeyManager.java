// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import io.selvage.controlplane.link.ServerKeySource;
import io.selvage.controlplane.link.ServerKeys;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Serves each handshake, on either side, with the keys of its moment, so that renewal and rotation
 * need no new listener. A handshake asks three times; the alias it was given first ties the answers
 * together.
 */
public final class LiveKeyManager extends X509ExtendedKeyManager {
  /** Handshakes last seconds, keys hours: two generations are enough. */
  private static final int GENERATIONS = 4;

  private final ServerKeySource source;
  private final @Nullable ServerKeys[] generations = new ServerKeys[GENERATIONS];
  private long newest;

  public LiveKeyManager(ServerKeySource source) {
    this.source = source;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    ServerKeys now = source.current().orElse(null);
    if (now == null || !now.key().getAlgorithm().equals(algorithm(keyType))) {
      return null;
    }
    return Long.toString(generation(now));
  }

  private static String algorithm(String keyType) {
    // "EC", or the older "EC_EC" and "EC_RSA" whose first part is the key's.
    int end = keyType.indexOf('_');
    return end < 0 ? keyType : keyType.substring(0, end);
  }

  private synchronized long generation(ServerKeys now) {
    if (!now.equals(generations[(int) (newest % GENERATIONS)])) {
      newest++;
      generations[(int) (newest % GENERATIONS)] = now;
    }
    return newest;
  }

  private synchronized @Nullable ServerKeys keys(@Nullable String alias) {
    if (alias == null) {
      return null;
    }
    long generation = Long.parseLong(alias);
    return newest - generation < GENERATIONS ? generations[(int) (generation % GENERATIONS)] : null;
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(@Nullable String alias) {
    ServerKeys keys = keys(alias);
    return keys == null ? null : keys.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(@Nullable String alias) {
    ServerKeys keys = keys(alias);
    return keys == null ? null : keys.key();
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineServerAlias(keyType, issuers, null);
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    String alias = chooseEngineServerAlias(keyType, issuers, null);
    return alias == null ? null : new String[] {alias};
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String @Nullable [] keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineClientAlias(keyType, issuers, null);
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String @Nullable [] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    if (keyTypes != null) {
      for (String keyType : keyTypes) {
        String alias = chooseEngineServerAlias(keyType, issuers, engine);
        if (alias != null) {
          return alias;
        }
      }
    }
    return null;
  }

  @Override
  public String toString() {
    return "LiveKeyManager" + Arrays.stream(generations).filter(k -> k != null).count();
  }
}
