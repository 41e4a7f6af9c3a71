// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslServerSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.TlsBinding;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLException;

/**
 * The native server contexts of the process: one per distinct key material and rules, counted by
 * the bindings that use it. When the last binding lets go, the context is released; connections
 * made with it hold a count of their own, so the memory is freed when the last of them closes.
 *
 * <p>Thread-safe. Building one parses keys and certificates (about a millisecond), so it is done
 * where a snapshot is applied, never on an event loop.
 */
public final class ServerContexts {
  /** Session id contexts are at most 32 bytes in TLS: a SHA-256 fits. */
  private static final String DIGEST = "SHA-256";

  private final TicketKeys ticketKeys;
  private final Map<Key, Shared> contexts = new HashMap<>();

  public ServerContexts() {
    ticketKeys = new TicketKeys(TicketKeys.PERIOD, System.nanoTime());
  }

  /** Everything of a binding but its names: what makes two contexts interchangeable. */
  private record Key(
      String binding,
      KeyMaterial certificate,
      Optional<TlsBinding.ClientAuth> clientAuth,
      List<String> alpn,
      Optional<String> minVersion,
      Optional<String> maxVersion,
      List<String> cipherSuites,
      List<String> curves) {
    static Key of(TlsBinding b) {
      return new Key(
          b.name(),
          b.certificate(),
          b.clientAuth(),
          b.alpn(),
          b.minVersion(),
          b.maxVersion(),
          b.cipherSuites(),
          b.curves());
    }
  }

  /** A context and the number of bindings using it, guarded by the store. */
  static final class Shared {
    private final Key key;
    private final SslContext context;
    private int users;

    private Shared(Key key, SslContext context) {
      this.key = key;
      this.context = context;
    }

    SslContext context() {
      return context;
    }
  }

  /**
   * The context for a binding, built unless an equal one is in use.
   *
   * @throws GeneralSecurityException with the reason, without secrets
   */
  synchronized Shared acquire(TlsBinding binding) throws GeneralSecurityException {
    Key key = Key.of(binding);
    Shared shared = contexts.get(key);
    if (shared == null) {
      shared = new Shared(key, build(binding));
      contexts.put(key, shared);
    }
    shared.users++;
    return shared;
  }

  synchronized void release(Shared shared) {
    if (--shared.users == 0) {
      contexts.remove(shared.key);
      ReferenceCountUtil.release(shared.context);
    }
  }

  /** Distinct contexts in use. */
  public synchronized int size() {
    return contexts.size();
  }

  /**
   * Renews the ticket keys when they are old. To be called every few minutes, from any thread.
   *
   * @return whether they were renewed
   */
  public synchronized boolean rotateTicketKeys() {
    if (!ticketKeys.rotate(System.nanoTime())) {
      return false;
    }
    contexts.values().forEach(shared -> installTicketKeys(shared.context));
    return true;
  }

  private SslContext build(TlsBinding binding) throws GeneralSecurityException {
    KeyMaterial material = binding.certificate();
    SslContext context;
    try {
      SslContextBuilder builder =
          SslContextBuilder.forServer(stream(material.chainPem()), stream(material.keyPem()))
              .sslProvider(TlsParameters.PROVIDER)
              .keyStoreType(TlsParameters.KEY_STORE_TYPE)
              .protocols(TlsParameters.versions(binding.minVersion(), binding.maxVersion()))
              .ciphers(TlsParameters.cipherSuites(binding.cipherSuites()))
              .applicationProtocolConfig(TlsParameters.alpn(binding.alpn()));
      if (binding.clientAuth().isPresent()) {
        TlsBinding.ClientAuth clientAuth = binding.clientAuth().get();
        builder
            .trustManager(Trust.manager(clientAuth.trust()))
            .clientAuth(clientAuth.required() ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL);
      } else {
        // Otherwise the system's hundred and more authorities would be loaded into each context.
        builder.trustManager(NobodyTrusted.INSTANCE);
      }
      if (TlsParameters.PROVIDER != SslProvider.JDK) {
        // Callbacks run in place: handing them to a task and coming back costs more than they do.
        builder.option(OpenSslContextOption.USE_TASKS, false);
        if (!binding.curves().isEmpty()) {
          builder.option(OpenSslContextOption.GROUPS, binding.curves().toArray(new String[0]));
        }
      }
      context = builder.build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new GeneralSecurityException(
          "no TLS context can be made of " + material.name() + ": " + e.getMessage(), e);
    }
    prepareSessions(context, binding);
    return context;
  }

  private void prepareSessions(SslContext context, TlsBinding binding)
      throws GeneralSecurityException {
    if (context.sessionContext() instanceof OpenSslServerSessionContext sessions) {
      // Sessions live in the client's ticket; a cache beside it would hold native memory per
      // client.
      sessions.setSessionCacheEnabled(false);
      sessions.setSessionIdContext(sessionIdContext(binding));
      installTicketKeys(context);
    }
  }

  private void installTicketKeys(SslContext context) {
    if (context.sessionContext() instanceof OpenSslServerSessionContext sessions) {
      sessions.setTicketKeys(ticketKeys.current().toArray(new OpenSslSessionTicketKey[0]));
    }
  }

  /**
   * Which sessions may be resumed here: those of the same binding under the same client certificate
   * rules and revocation lists. The certificate itself is left out, so a renewed one keeps
   * sessions.
   */
  private static byte[] sessionIdContext(TlsBinding binding) throws GeneralSecurityException {
    MessageDigest digest = MessageDigest.getInstance(DIGEST);
    digest.update(binding.name().getBytes(UTF_8));
    digest.update((byte) 0);
    if (binding.clientAuth().isPresent()) {
      TlsBinding.ClientAuth clientAuth = binding.clientAuth().get();
      digest.update((byte) (clientAuth.required() ? 2 : 1));
      digest.update(clientAuth.trust().caPem().getBytes(UTF_8));
      digest.update((byte) 0);
      digest.update(clientAuth.trust().crlPem().getBytes(UTF_8));
    }
    return digest.digest();
  }

  private static ByteArrayInputStream stream(String pem) {
    return new ByteArrayInputStream(pem.getBytes(US_ASCII));
  }
}
