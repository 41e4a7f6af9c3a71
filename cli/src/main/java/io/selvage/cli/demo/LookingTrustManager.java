// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import java.security.cert.X509Certificate;
import javax.net.ssl.X509TrustManager;

/**
 * Accepts any server, so that a check can look at the certificate it sends, whichever it is.
 * Nothing is ever sent over such a connection.
 */
final class LookingTrustManager implements X509TrustManager {
  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) {
    throw new UnsupportedOperationException("this is a client");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) {}

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
