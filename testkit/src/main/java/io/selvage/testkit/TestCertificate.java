// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * A certificate with its key, as {@link TestCa} issues them.
 *
 * @param chain leaf first, without the root
 * @param key private key of the leaf
 */
public record TestCertificate(List<X509Certificate> chain, PrivateKey key) {
  public TestCertificate {
    chain = List.copyOf(chain);
  }

  /** The leaf. */
  public X509Certificate certificate() {
    return chain.getFirst();
  }

  /** The chain as PEM, leaf first. */
  public String chainPem() {
    StringBuilder pem = new StringBuilder();
    for (X509Certificate one : chain) {
      pem.append(TestKeys.pem("CERTIFICATE", TestKeys.encoded(one)));
    }
    return pem.toString();
  }

  /** The key as PKCS#8 PEM, unencrypted. */
  public String keyPem() {
    return TestKeys.pem("PRIVATE KEY", key.getEncoded());
  }
}
