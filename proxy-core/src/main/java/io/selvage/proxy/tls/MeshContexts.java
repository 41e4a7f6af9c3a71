// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslServerSessionContext;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import io.selvage.model.mesh.MeshProtocol;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The native contexts of one leaf and one bundle. ALPN belongs to the context, so there is one for
 * each kind of client: those between proxies, and those that were in use before, are made at once,
 * because event loops ask for them; another when it is asked for the first time. Guarded by its
 * owner.
 */
final class MeshContexts {
  private static final String[] TLS13 = {"TLSv1.3"};

  /** A kind of client. */
  record ClientKey(boolean certificate, List<String> alpn) {}

  private final @Nullable MeshCredentials own;
  private final @Nullable KeyManagerFactory keys;
  private final MeshTrust trust;
  private final Map<ClientKey, SslContext> clients = new HashMap<>();
  private final @Nullable SslContext server;

  /** Numbers the connections: see {@link #newServerHandler}. */
  private long accepted;

  /**
   * @param used kinds of clients there were before
   * @throws GeneralSecurityException if the TLS library does not take the material
   */
  MeshContexts(@Nullable MeshCredentials own, MeshPeers peers, Set<ClientKey> used)
      throws GeneralSecurityException {
    this.own = own;
    this.trust = new MeshTrust(peers, own == null ? "" : own.identity().trustDomain());
    this.keys = own == null ? null : keyManagers(own);
    this.server = keys == null ? null : buildServer(keys);
    try {
      for (String alpn : MeshProtocol.ALPN) {
        client(own != null, List.of(alpn));
      }
      for (ClientKey key : used) {
        if (own != null || !key.certificate()) {
          client(key.certificate(), key.alpn());
        }
      }
    } catch (GeneralSecurityException e) {
      release();
      throw e;
    }
  }

  /** Kinds of clients there are so far. */
  Set<ClientKey> used() {
    return Set.copyOf(clients.keySet());
  }

  @Nullable MeshCredentials own() {
    return own;
  }

  /**
   * A handler for an accepted connection.
   *
   * <p>What is resumed is not looked at again: neither its end nor whom we believe by now.
   * BoringSSL hands out tickets in TLS 1.3 whatever its options say, but takes none back that were
   * given in another session id context: here each connection is its own.
   *
   * @throws GeneralSecurityException without a leaf
   */
  SslHandler newServerHandler(ByteBufAllocator allocator) throws GeneralSecurityException {
    if (server == null) {
      throw new GeneralSecurityException("there is no certificate of ours yet");
    }
    if (server.sessionContext() instanceof OpenSslServerSessionContext sessions) {
      byte[] number = ByteBuffer.allocate(Long.BYTES).putLong(++accepted).array();
      if (!sessions.setSessionIdContext(number)) {
        throw new GeneralSecurityException("the TLS library would resume sessions");
      }
    }
    return server.newHandler(allocator);
  }

  SslContext client(boolean certificate, List<String> alpn) throws GeneralSecurityException {
    ClientKey key = new ClientKey(certificate, List.copyOf(alpn));
    SslContext known = clients.get(key);
    if (known == null) {
      known = buildClient(certificate ? keys : null, key.alpn);
      clients.put(key, known);
    }
    return known;
  }

  /** Lets the contexts go; handshakes and connections that run on them keep theirs. */
  void release() {
    clients.values().forEach(ReferenceCountUtil::release);
    clients.clear();
    if (server != null) {
      ReferenceCountUtil.release(server);
    }
  }

  private SslContext buildServer(KeyManagerFactory with) throws GeneralSecurityException {
    return build(
        SslContextBuilder.forServer(with).clientAuth(ClientAuth.REQUIRE), MeshProtocol.ALPN);
  }

  private SslContext buildClient(@Nullable KeyManagerFactory with, List<String> alpn)
      throws GeneralSecurityException {
    SslContextBuilder builder = SslContextBuilder.forClient().endpointIdentificationAlgorithm(null);
    return build(with == null ? builder : builder.keyManager(with), alpn);
  }

  private SslContext build(SslContextBuilder builder, List<String> alpn)
      throws GeneralSecurityException {
    builder
        .sslProvider(TlsParameters.PROVIDER)
        .protocols(TLS13)
        .ciphers(TlsParameters.cipherSuites(List.of()))
        .trustManager(trust)
        .applicationProtocolConfig(TlsParameters.alpn(alpn));
    if (TlsParameters.PROVIDER != SslProvider.JDK) {
      builder
          .option(OpenSslContextOption.USE_TASKS, false)
          .option(OpenSslContextOption.GROUPS, MeshGroups.OFFERED.clone());
    }
    try {
      SslContext context = builder.build();
      if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
        sessions.setSessionCacheEnabled(false);
      }
      return context;
    } catch (SSLException | IllegalArgumentException e) {
      throw new GeneralSecurityException(
          "no TLS context can be made of the mesh's credentials: " + e.getMessage(), e);
    }
  }

  /** For BoringSSL the key and the chain are read once, not again for each handshake. */
  private static KeyManagerFactory keyManagers(MeshCredentials own) {
    var keys = new MeshKeys(own);
    return TlsParameters.PROVIDER == SslProvider.JDK
        ? keys
        : new OpenSslCachingX509KeyManagerFactory(keys);
  }
}
