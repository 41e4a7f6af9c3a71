// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Versions, cipher suites and ALPN as Netty wants them, checked. */
final class TlsParameters {
  private static final Logger log = LoggerFactory.getLogger(TlsParameters.class);

  private static final String TLS12 = "TLSv1.2";
  private static final String TLS13 = "TLSv1.3";

  /** Not configurable in BoringSSL; named so that Netty does not switch TLS 1.3 off. */
  private static final List<String> TLS13_SUITES =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

  /**
   * Forward secrecy and authenticated encryption only (RFC 9325 section 4.2; RFC 9113 appendix A).
   */
  private static final List<String> TLS12_DEFAULT_SUITES =
      List.of(
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

  /** BoringSSL, or the JDK where its library does not load: same answers, three times the CPU. */
  static final SslProvider PROVIDER = chooseProvider();

  /**
   * The kind of key store Netty carries a key to BoringSSL in, in memory only. The JDK's default,
   * PKCS12, derives an encryption key by thousands of hashes to put it in and again to take it out:
   * ten milliseconds a certificate, where all the rest is half a millisecond.
   */
  static final String KEY_STORE_TYPE = "JKS";

  private TlsParameters() {}

  private static SslProvider chooseProvider() {
    if (OpenSsl.isAvailable()) {
      return SslProvider.OPENSSL_REFCNT;
    }
    log.atWarn()
        .setCause(OpenSsl.unavailabilityCause())
        .log("BoringSSL is not available here, the JDK's TLS is used instead");
    return SslProvider.JDK;
  }

  /**
   * The versions from {@code min} to {@code max}; there is nothing below TLS 1.2.
   *
   * @throws GeneralSecurityException for an unknown version, or when none is left
   */
  static String[] versions(Optional<String> min, Optional<String> max)
      throws GeneralSecurityException {
    boolean only13 = check(min.orElse(TLS12)).equals(TLS13);
    boolean only12 = check(max.orElse(TLS13)).equals(TLS12);
    if (only12 && only13) {
      throw new GeneralSecurityException("the least TLS version is above the greatest");
    }
    if (only13) {
      return new String[] {TLS13};
    }
    return only12 ? new String[] {TLS12} : new String[] {TLS13, TLS12};
  }

  private static String check(String version) throws GeneralSecurityException {
    if (!version.equals(TLS12) && !version.equals(TLS13)) {
      throw new GeneralSecurityException(
          "TLS version " + version + " is not " + TLS12 + " or " + TLS13);
    }
    return version;
  }

  /**
   * The suites to offer, those of TLS 1.3 always among them.
   *
   * @param wanted IANA or OpenSSL names; {@code [A|B]}, Envoy's notation for equal preference, is
   *     read as A before B; empty = defaults
   * @throws GeneralSecurityException for a name this build does not have
   */
  static List<String> cipherSuites(List<String> wanted) throws GeneralSecurityException {
    List<String> suites = new ArrayList<>(TLS13_SUITES);
    if (wanted.isEmpty()) {
      suites.addAll(TLS12_DEFAULT_SUITES);
      return suites;
    }
    for (String entry : wanted) {
      String text = entry.strip();
      if (text.startsWith("[") && text.endsWith("]")) {
        text = text.substring(1, text.length() - 1);
      }
      for (String name : text.split("\\|", -1)) {
        if (!isKnown(name)) {
          throw new GeneralSecurityException("cipher suite " + name + " is not known");
        }
        if (!suites.contains(name)) {
          suites.add(name);
        }
      }
    }
    return suites;
  }

  private static boolean isKnown(String name) {
    if (PROVIDER == SslProvider.JDK) {
      return name.startsWith("TLS_");
    }
    return OpenSsl.availableOpenSslCipherSuites().contains(name)
        || OpenSsl.availableJavaCipherSuites().contains(name);
  }

  /** Null when no protocol is to be negotiated. */
  static @Nullable ApplicationProtocolConfig alpn(List<String> protocols) {
    if (protocols.isEmpty()) {
      return null;
    }
    return new ApplicationProtocolConfig(
        Protocol.ALPN,
        SelectorFailureBehavior.NO_ADVERTISE,
        SelectedListenerFailureBehavior.ACCEPT,
        protocols);
  }
}
