// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.util.NetUtil;
import io.selvage.identity.EngineTrustManager;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Believes an endpoint whose chain leads to the bundle and whose certificate carries the expected
 * name, which is the engine's peer host. Only subject alternative names count (RFC 9525): the
 * common name is a text for people. The JDK's own check would also be content with the SNI where
 * another name was to be verified.
 */
final class NamedEndpointTrust extends EngineTrustManager {
  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

  private final X509ExtendedTrustManager chainTrust;

  NamedEndpointTrust(X509ExtendedTrustManager chainTrust) {
    this.chainTrust = chainTrust;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    chainTrust.checkServerTrusted(chain, authType, engine);
    String expected = engine.getPeerHost();
    if (expected == null || !carries(chain[0], expected)) {
      throw new CertificateException("the certificate does not carry the name " + expected);
    }
  }

  /** True if a subject alternative name of {@code certificate} is {@code expected}. */
  static boolean carries(X509Certificate certificate, String expected)
      throws CertificateParsingException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    if (names == null) {
      return false;
    }
    byte @Nullable [] address = NetUtil.createByteArrayFromIpAddressString(expected);
    for (List<?> name : names) {
      int type = (Integer) name.get(0);
      Object value = name.get(1);
      if (address == null && type == DNS_NAME && dnsMatches((String) value, expected)) {
        return true;
      }
      if (address != null
          && type == IP_ADDRESS
          && Arrays.equals(address, NetUtil.createByteArrayFromIpAddressString((String) value))) {
        return true;
      }
    }
    return false;
  }

  /** A star stands for exactly the whole leftmost label, above at least two more. */
  private static boolean dnsMatches(String pattern, String name) {
    String lowerPattern = pattern.toLowerCase(Locale.ROOT);
    String lowerName = name.toLowerCase(Locale.ROOT);
    if (!lowerPattern.startsWith("*.")) {
      return lowerPattern.equals(lowerName);
    }
    int dot = lowerName.indexOf('.');
    return dot > 0
        && lowerPattern.indexOf('.', 2) > 0
        && lowerName.substring(dot).equals(lowerPattern.substring(1));
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return chainTrust.getAcceptedIssuers();
  }
}
