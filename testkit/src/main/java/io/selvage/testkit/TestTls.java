// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** The JDK's TLS with the certificates of a test: a second implementation to check ours against. */
public final class TestTls {
  private static final char[] NO_PASSWORD = new char[0];

  private TestTls() {}

  /** A client that believes {@code ca} and shows no certificate. */
  public static SSLContext client(TestCa ca) {
    return context(null, ca.certificate());
  }

  /** A client that believes {@code ca} and shows {@code own} when asked. */
  public static SSLContext client(TestCa ca, TestCertificate own) {
    return context(own, ca.certificate());
  }

  /** A server with one certificate; client certificates, where asked for, must be of {@code ca}. */
  public static SSLContext server(TestCertificate own, TestCa ca) {
    return context(own, ca.certificate());
  }

  private static SSLContext context(@Nullable TestCertificate own, X509Certificate trusted) {
    try {
      KeyStore trust = emptyStore();
      trust.setCertificateEntry("ca", trusted);
      TrustManagerFactory trusts = TrustManagerFactory.getInstance("PKIX");
      trusts.init(trust);
      KeyManager[] keyManagers = null;
      if (own != null) {
        KeyStore keys = emptyStore();
        keys.setKeyEntry(
            "own", own.key(), NO_PASSWORD, own.chain().toArray(new X509Certificate[0]));
        KeyManagerFactory factory =
            KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(keys, NO_PASSWORD);
        keyManagers = factory.getKeyManagers();
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keyManagers, trusts.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    return store;
  }
}
