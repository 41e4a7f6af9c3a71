// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import io.selvage.identity.workload.WorkloadLeaf;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.model.routing.KeyMaterial;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * The process's credentials in the mesh and the TLS made of them: version 1.3 only, both sides show
 * a certificate, nothing is resumed. They can be replaced at any time; handshakes and connections
 * that have begun go on with those they began with.
 *
 * <p>There is no way to plaintext in here: without a bundle, without a leaf or with one that has
 * expired, asking for a handler is an exception. Thread-safe. Handlers do not wait; {@link #use}
 * parses certificates, so it is not for event loops.
 */
public final class MeshTls implements AutoCloseable {
  /** How far two clocks of the mesh may be apart when a peer's certificate is judged. */
  public static final Duration SKEW = MeshPeers.SKEW;

  private final InstantSource clock;
  private @Nullable MeshContexts contexts;

  /** Read without the lock. */
  private volatile @Nullable MeshCredentials own;

  /** Without credentials yet. */
  public MeshTls() {
    this(InstantSource.system());
  }

  /**
   * @param clock what time it is, for certificates
   */
  public MeshTls(InstantSource clock) {
    this.clock = clock;
  }

  // ---- Credentials

  /**
   * Replaces the credentials.
   *
   * @param leaf chain and key of a workload; empty for a process that has not got one yet, which
   *     can then only call {@link #newBootstrapHandler}
   * @param bundlePem authorities whom to believe
   * @throws GeneralSecurityException naming what cannot be used; what was in use stays
   */
  public void use(Optional<KeyMaterial> leaf, String bundlePem) throws GeneralSecurityException {
    MeshPeers peers = MeshPeers.of(bundlePem, clock);
    MeshCredentials credentials = leaf.isEmpty() ? null : MeshCredentials.read(leaf.get());
    MeshContexts next = new MeshContexts(credentials, peers, used());
    synchronized (this) {
      MeshContexts old = contexts;
      contexts = next;
      own = credentials;
      if (old != null) {
        old.release();
      }
    }
  }

  private synchronized Set<MeshContexts.ClientKey> used() {
    MeshContexts current = contexts;
    return current == null ? Set.of() : current.used();
  }

  /** True while there is a leaf that has not expired. */
  public boolean hasCertificate() {
    MeshCredentials current = own;
    return current != null && !isExpired(current);
  }

  /** Who we are; empty without a leaf. */
  public Optional<WorkloadIdentity> identity() {
    return Optional.ofNullable(own).map(MeshCredentials::identity);
  }

  /** When our leaf ends; empty without one. */
  public Optional<Instant> notAfter() {
    return Optional.ofNullable(own).map(one -> Instant.ofEpochMilli(one.notAfterMillis()));
  }

  private boolean isExpired(MeshCredentials credentials) {
    return clock.millis() > credentials.notAfterMillis();
  }

  // ---- Handlers

  /**
   * A handler towards a proxy or the control plane, showing our certificate.
   *
   * @param expectedIdentity SPIFFE id the server must prove
   * @param alpn protocols offered; whoever uses the connection must look at {@link
   *     SslHandler#applicationProtocol()}, since a server may choose none
   * @param address of the server, for messages
   * @throws GeneralSecurityException without a bundle or without a leaf that is valid now
   */
  public SslHandler newClientHandler(
      ByteBufAllocator allocator,
      String expectedIdentity,
      List<String> alpn,
      String address,
      int port)
      throws GeneralSecurityException {
    return client(allocator, true, expectedIdentity, alpn, port);
  }

  /**
   * The same without showing a certificate: for the first call of a process that has only a bundle.
   *
   * @throws GeneralSecurityException without a bundle
   */
  public SslHandler newBootstrapHandler(
      ByteBufAllocator allocator,
      String expectedIdentity,
      List<String> alpn,
      String address,
      int port)
      throws GeneralSecurityException {
    return client(allocator, false, expectedIdentity, alpn, port);
  }

  private synchronized SslHandler client(
      ByteBufAllocator allocator, boolean certificate, String expected, List<String> alpn, int port)
      throws GeneralSecurityException {
    MeshContexts current = current(certificate);
    if (WorkloadIdentity.parse(expected).isEmpty()) {
      throw new GeneralSecurityException("the expected identity is no workload's SPIFFE id");
    }
    return current
        .client(certificate, alpn)
        .newHandler(allocator, MeshTrust.peerHost(expected), port);
  }

  /**
   * A handler for an accepted connection: the client must show a certificate of our trust domain.
   * Of {@link MeshProtocol#ALPN} the first that the client offers is chosen; none if it offers none
   * of them.
   *
   * @throws GeneralSecurityException without a leaf that is valid now
   */
  public synchronized SslHandler newServerHandler(ByteBufAllocator allocator)
      throws GeneralSecurityException {
    return current(true).newServerHandler(allocator);
  }

  private MeshContexts current(boolean certificate) throws GeneralSecurityException {
    MeshContexts current = contexts;
    if (current == null) {
      throw new GeneralSecurityException("there is no trust bundle yet");
    }
    MeshCredentials credentials = current.own();
    if (certificate && credentials == null) {
      throw new GeneralSecurityException("there is no certificate of ours yet");
    }
    if (certificate && credentials != null && isExpired(credentials)) {
      throw new GeneralSecurityException(
          "our certificate has expired at " + Instant.ofEpochMilli(credentials.notAfterMillis()));
    }
    return current;
  }

  // ---- After the handshake

  /** SPIFFE id the other side has proved in a handshake of ours; empty if it showed none. */
  public static Optional<String> peerIdentity(SslHandler handler) {
    return peerIdentity(handler.engine().getSession());
  }

  /** SPIFFE id the other side has proved in a handshake of ours; empty if it showed none. */
  public static Optional<String> peerIdentity(SSLSession session) {
    X509Certificate leaf = peerLeaf(session);
    try {
      return leaf == null ? Optional.empty() : Optional.of(WorkloadLeaf.identityOf(leaf).uri());
    } catch (CertificateException e) {
      return Optional.empty();
    }
  }

  /**
   * When a connection's certificates end: the earlier of the two leaves, allowance included.
   *
   * @return {@link Instant#MAX} if neither side showed one
   */
  public static Instant connectionEnd(SslHandler handler) {
    SSLSession session = handler.engine().getSession();
    Instant end = Instant.MAX;
    X509Certificate peer = peerLeaf(session);
    if (peer != null) {
      end = peer.getNotAfter().toInstant().plus(SKEW);
    }
    Certificate[] local = session.getLocalCertificates();
    if (local != null && local.length > 0 && local[0] instanceof X509Certificate mine) {
      Instant mineEnd = mine.getNotAfter().toInstant().plus(SKEW);
      end = mineEnd.isBefore(end) ? mineEnd : end;
    }
    return end;
  }

  private static @Nullable X509Certificate peerLeaf(SSLSession session) {
    try {
      return session.getPeerCertificates()[0] instanceof X509Certificate leaf ? leaf : null;
    } catch (SSLPeerUnverifiedException e) {
      return null;
    }
  }

  /** Gives the native memory back; from here on there are no credentials. */
  @Override
  public synchronized void close() {
    MeshContexts old = contexts;
    contexts = null;
    own = null;
    if (old != null) {
      old.release();
    }
  }
}
