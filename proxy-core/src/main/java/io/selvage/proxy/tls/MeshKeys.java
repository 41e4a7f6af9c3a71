// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.handler.ssl.util.SimpleKeyManagerFactory;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * One leaf and its key, shown to everybody who asks for one of its kind. Without a key store: the
 * JDK's would encrypt the key, and be two dozen classes more in each sidecar.
 */
final class MeshKeys extends SimpleKeyManagerFactory {
  private static final String ALIAS = "leaf";

  private final Leaf leaf;

  MeshKeys(MeshCredentials own) {
    leaf = new Leaf(own);
  }

  @Override
  protected void engineInit(@Nullable KeyStore store, char @Nullable [] password) {
    throw new UnsupportedOperationException("the leaf is given when it is made");
  }

  @Override
  protected void engineInit(ManagerFactoryParameters parameters) {
    throw new UnsupportedOperationException("the leaf is given when it is made");
  }

  @Override
  protected KeyManager[] engineGetKeyManagers() {
    return new KeyManager[] {leaf};
  }

  private static final class Leaf extends X509ExtendedKeyManager {
    private final MeshCredentials own;
    private final String algorithm;

    Leaf(MeshCredentials own) {
      this.own = own;
      this.algorithm = own.key().getAlgorithm();
    }

    /**
     * @param keyType {@code EC} or {@code RSA}, in TLS before 1.3 also {@code EC_EC} or {@code
     *     EC_RSA}: the second is how the issuer signed
     */
    private @Nullable String alias(@Nullable String keyType) {
      return keyType != null && (keyType.equals(algorithm) || keyType.startsWith(algorithm + "_"))
          ? ALIAS
          : null;
    }

    private @Nullable String alias(String @Nullable [] keyTypes) {
      if (keyTypes != null) {
        for (String keyType : keyTypes) {
          if (alias(keyType) != null) {
            return ALIAS;
          }
        }
      }
      return null;
    }

    private String @Nullable [] aliases(@Nullable String keyType) {
      return alias(keyType) == null ? null : new String[] {ALIAS};
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return alias(keyType);
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return alias(keyTypes);
    }

    @Override
    public @Nullable String chooseServerAlias(
        String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return alias(keyType);
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return alias(keyTypes);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
      return aliases(keyType);
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
      return aliases(keyType);
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(@Nullable String alias) {
      return ALIAS.equals(alias) ? own.chain().toArray(new X509Certificate[0]) : null;
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(@Nullable String alias) {
      return ALIAS.equals(alias) ? own.key() : null;
    }
  }
}
