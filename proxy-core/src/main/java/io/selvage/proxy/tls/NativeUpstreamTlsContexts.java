// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import io.selvage.model.routing.ClusterSpec.UpstreamTls;
import io.selvage.model.routing.KeyMaterial;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/** The contexts on BoringSSL (or the JDK's TLS, where that does not load). */
final class NativeUpstreamTlsContexts implements UpstreamTlsContexts {
  /** A context, or why there is none: a broken bundle is parsed once, not once a connection. */
  private record Entry(@Nullable SslContext context, @Nullable GeneralSecurityException failure) {}

  private final ConcurrentHashMap<UpstreamTls, Entry> entries = new ConcurrentHashMap<>();

  @Override
  public SslHandler newHandler(
      UpstreamTls tls, ByteBufAllocator allocator, String authority, String address, int port)
      throws GeneralSecurityException {
    String serverName = serverName(tls, authority);
    String peerName =
        tls.verifyName().isEmpty() ? (serverName == null ? address : serverName) : tls.verifyName();
    while (true) {
      Entry entry = entries.computeIfAbsent(tls, NativeUpstreamTlsContexts::build);
      SslContext context = entry.context;
      if (context == null) {
        throw new GeneralSecurityException(String.valueOf(message(entry)), entry.failure);
      }
      try {
        ReferenceCountUtil.retain(context);
      } catch (IllegalReferenceCountException retired) {
        // Dropped by retain() between look-up and here; the map no longer has it.
        entries.remove(tls, entry);
        continue;
      }
      try {
        SslHandler handler = context.newHandler(allocator, peerName, port);
        if (serverName != null && !serverName.equals(peerName)) {
          SSLParameters parameters = handler.engine().getSSLParameters();
          parameters.setServerNames(List.of(new SNIHostName(serverName)));
          handler.engine().setSSLParameters(parameters);
        }
        return handler;
      } finally {
        ReferenceCountUtil.release(context);
      }
    }
  }

  private static @Nullable String message(Entry entry) {
    return entry.failure == null ? null : entry.failure.getMessage();
  }

  /** What goes into SNI; null where there is only an address (RFC 6066 section 3). */
  private static @Nullable String serverName(UpstreamTls tls, String authority) {
    String name = tls.serverName().isEmpty() ? withoutPort(authority) : tls.serverName();
    boolean address =
        name.isEmpty()
            || name.startsWith("[")
            || NetUtil.isValidIpV4Address(name)
            || NetUtil.isValidIpV6Address(name);
    if (address) {
      return null;
    }
    return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
  }

  private static String withoutPort(String authority) {
    if (authority.startsWith("[")) {
      return authority;
    }
    int colon = authority.indexOf(':');
    return colon < 0 ? authority : authority.substring(0, colon);
  }

  private static Entry build(UpstreamTls tls) {
    try {
      return new Entry(context(tls), null);
    } catch (GeneralSecurityException e) {
      return new Entry(null, e);
    } catch (SSLException | IllegalArgumentException e) {
      String what = tls.clientCertificate().map(KeyMaterial::name).orElse("the given settings");
      return new Entry(
          null,
          new GeneralSecurityException(
              "no TLS context can be made of " + what + ": " + e.getMessage(), e));
    }
  }

  private static SslContext context(UpstreamTls tls) throws GeneralSecurityException, SSLException {
    SslContextBuilder builder =
        SslContextBuilder.forClient()
            .sslProvider(TlsParameters.PROVIDER)
            .keyStoreType(TlsParameters.KEY_STORE_TYPE)
            .protocols(TlsParameters.versions(tls.minVersion(), tls.maxVersion()))
            .ciphers(TlsParameters.cipherSuites(tls.cipherSuites()))
            .applicationProtocolConfig(TlsParameters.alpn(tls.alpn()))
            // Names are compared by NamedEndpointTrust, against the configured name alone.
            .endpointIdentificationAlgorithm(null);
    if (tls.trust().isPresent()) {
      builder.trustManager(new NamedEndpointTrust(Trust.manager(tls.trust().get())));
    } else {
      builder.trustManager(AnybodyTrusted.INSTANCE);
    }
    if (tls.clientCertificate().isPresent()) {
      KeyMaterial own = tls.clientCertificate().get();
      builder.keyManager(stream(own.chainPem()), stream(own.keyPem()));
    }
    if (TlsParameters.PROVIDER != SslProvider.JDK) {
      builder.option(OpenSslContextOption.USE_TASKS, false);
    }
    return builder.build();
  }

  @Override
  public void retain(Iterable<UpstreamTls> inUse) {
    Set<UpstreamTls> kept = new HashSet<>();
    inUse.forEach(kept::add);
    for (UpstreamTls tls : Set.copyOf(entries.keySet())) {
      if (!kept.contains(tls)) {
        drop(tls);
      }
    }
  }

  @Override
  public void close() {
    Set.copyOf(entries.keySet()).forEach(this::drop);
  }

  private void drop(UpstreamTls tls) {
    Entry entry = entries.remove(tls);
    if (entry != null && entry.context != null) {
      ReferenceCountUtil.release(entry.context);
    }
  }

  private static ByteArrayInputStream stream(String pem) {
    return new ByteArrayInputStream(pem.getBytes(US_ASCII));
  }
}
