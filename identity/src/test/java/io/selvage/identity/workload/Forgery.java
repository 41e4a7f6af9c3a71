// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import io.selvage.model.mesh.WorkloadIdentity;
import java.math.BigInteger;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A certificate signed by somebody who must not sign any. */
final class Forgery {
  private Forgery() {}

  static X509Certificate signedBy(
      X509Certificate signer, PrivateKey key, WorkloadIdentity identity, PublicKey subject) {
    try {
      var builder =
          new JcaX509v3CertificateBuilder(
              X500Name.getInstance(signer.getSubjectX500Principal().getEncoded()),
              BigInteger.valueOf(42),
              Date.from(Instant.now().minusSeconds(60)),
              Date.from(Instant.now().plusSeconds(600)),
              new X500Name("CN=forged"),
              subject);
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, identity.uri())));
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
