// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

import java.io.IOException;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAPrivateKey;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.params.RSAKeyParameters;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.crypto.util.PublicKeyFactory;
import org.bouncycastle.util.Arrays;
import org.bouncycastle.util.io.pem.PemObject;

/** Private keys in the three forms that are met, brought into one. */
final class PrivateKeys {
  private static final int MIN_RSA_BITS = 2048;

  /** The curves that TLS 1.3 signs with (RFC 8446 section 4.2.3). */
  private static final Set<ASN1ObjectIdentifier> CURVES =
      Set.of(
          X9ObjectIdentifiers.prime256v1,
          SECObjectIdentifiers.secp384r1,
          SECObjectIdentifiers.secp521r1);

  private PrivateKeys() {}

  /** A key that was understood, or why not. */
  sealed interface Parsed {
    /** The key in PKCS#8. */
    record Key(PrivateKeyInfo info) implements Parsed {}

    record Rejected(String reason, String message) implements Parsed {}
  }

  /** Reads the key of a file, PKCS#8, PKCS#1 or SEC 1; other blocks beside it are skipped. */
  static Parsed parse(String pem) {
    try {
      for (PemObject block : Pem.read(pem)) {
        switch (block.getType()) {
          case "PRIVATE KEY" -> {
            return checked(PrivateKeyInfo.getInstance(block.getContent()));
          }
          case "RSA PRIVATE KEY" -> {
            return isEncrypted(block) ? encrypted() : checked(fromPkcs1(block.getContent()));
          }
          case "EC PRIVATE KEY" -> {
            return isEncrypted(block) ? encrypted() : checked(fromSec1(block.getContent()));
          }
          case "ENCRYPTED PRIVATE KEY" -> {
            return encrypted();
          }
          default -> {
            // EC PARAMETERS before a key, or the certificate in the same file.
          }
        }
      }
    } catch (IOException | RuntimeException e) {
      // Bouncy Castle answers bytes that are not the promised structure with either.
      return new Parsed.Rejected("KeyInvalid", "the private key does not parse");
    }
    return new Parsed.Rejected("KeyInvalid", "there is no private key in PEM form");
  }

  private static boolean isEncrypted(PemObject block) {
    // The only headers OpenSSL writes into a key are those of its own encryption (Proc-Type).
    return !block.getHeaders().isEmpty();
  }

  private static Parsed encrypted() {
    return new Parsed.Rejected(
        "KeyEncrypted", "the private key is encrypted with a passphrase, which nobody could enter");
  }

  private static PrivateKeyInfo fromPkcs1(byte[] der) throws IOException {
    var algorithm = new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE);
    return new PrivateKeyInfo(algorithm, RSAPrivateKey.getInstance(der));
  }

  private static PrivateKeyInfo fromSec1(byte[] der) throws IOException {
    ECPrivateKey key = ECPrivateKey.getInstance(der);
    var algorithm =
        new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, key.getParametersObject());
    return new PrivateKeyInfo(algorithm, key);
  }

  private static Parsed checked(PrivateKeyInfo info) throws IOException {
    AsymmetricKeyParameter key = PrivateKeyFactory.createKey(info);
    if (key instanceof RSAKeyParameters rsa) {
      int bits = rsa.getModulus().bitLength();
      return bits >= MIN_RSA_BITS
          ? new Parsed.Key(info)
          : new Parsed.Rejected(
              "KeyTooWeak", "the RSA key has " + bits + " bits; at least " + MIN_RSA_BITS);
    }
    if (key instanceof ECPrivateKeyParameters) {
      var curve = info.getPrivateKeyAlgorithm().getParameters();
      return curve instanceof ASN1ObjectIdentifier oid && CURVES.contains(oid)
          ? new Parsed.Key(info)
          : new Parsed.Rejected(
              "KeyTypeNotSupported", "the EC key is not on the curve P-256, P-384 or P-521");
    }
    return key instanceof Ed25519PrivateKeyParameters
        ? new Parsed.Key(info)
        : new Parsed.Rejected("KeyTypeNotSupported", "the key is not of type RSA, EC or Ed25519");
  }

  /** True if the key's public half is {@code wanted}. */
  static boolean fits(PrivateKeyInfo info, SubjectPublicKeyInfo wanted) throws IOException {
    AsymmetricKeyParameter secret = PrivateKeyFactory.createKey(info);
    AsymmetricKeyParameter open = PublicKeyFactory.createKey(wanted);
    if (secret instanceof RSAKeyParameters s && open instanceof RSAKeyParameters o) {
      return s.getModulus().equals(o.getModulus());
    }
    if (secret instanceof ECPrivateKeyParameters s && open instanceof ECPublicKeyParameters o) {
      return s.getParameters().equals(o.getParameters())
          && s.getParameters().getG().multiply(s.getD()).normalize().equals(o.getQ());
    }
    if (secret instanceof Ed25519PrivateKeyParameters s
        && open instanceof Ed25519PublicKeyParameters o) {
      return Arrays.areEqual(s.generatePublicKey().getEncoded(), o.getEncoded());
    }
    return false;
  }
}
