// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.issue;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.workload.WorkloadKeys;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.CertificationRequest;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.jspecify.annotations.Nullable;

/**
 * A certificate request (PKCS#10, RFC 2986) whose signature proves that the sender has the key, and
 * what it claims beyond the key. None of its claims is believed; they are collected so that a
 * request which claims something else than what will be issued can be refused.
 *
 * @param key on P-256
 * @param commonNames of the subject
 * @param uris subject alternative names of that kind
 * @param claims everything else it asks for that a workload does not get, in words, such as {@code
 *     DNS name a.example}; empty for an honest request
 */
public record CertificateRequest(
    PublicKey key, List<String> commonNames, List<String> uris, List<String> claims) {
  /** Largest request that is looked at, in bytes. */
  public static final int MAX_BYTES = 16 * 1024;

  /** Most claims that are collected: the refusal names them. */
  private static final int MAX_CLAIMS = 20;

  public CertificateRequest {
    requireNonNull(key, "key");
    commonNames = List.copyOf(commonNames);
    uris = List.copyOf(uris);
    claims = List.copyOf(claims);
  }

  /** What bytes turned out to be. */
  public sealed interface Parsed {
    /** A request with a proven key. */
    record Accepted(CertificateRequest request) implements Parsed {}

    /**
     * Not usable.
     *
     * @param reason stable CamelCase word
     * @param message for a person
     */
    record Rejected(String reason, String message) implements Parsed {}
  }

  /** Reads a request: DER to the letter, nothing behind it. */
  public static Parsed parse(byte[] der) {
    if (der.length == 0) {
      return new Parsed.Rejected("RequestEmpty", "there is no certificate request");
    }
    if (der.length > MAX_BYTES) {
      return new Parsed.Rejected(
          "RequestTooLarge", "the certificate request has more than " + MAX_BYTES + " bytes");
    }
    try {
      ASN1Primitive parsed = ASN1Primitive.fromByteArray(der);
      if (!Arrays.equals(parsed.getEncoded(ASN1Encoding.DER), der)) {
        return new Parsed.Rejected("RequestInvalid", "the certificate request is not DER");
      }
      CertificationRequest request = CertificationRequest.getInstance(parsed);
      // The parser is lenient in places, such as a tag's number; the signature is over these bytes.
      return Arrays.equals(request.getEncoded(ASN1Encoding.DER), der)
          ? judge(request)
          : new Parsed.Rejected("RequestInvalid", "the certificate request is not PKCS#10");
    } catch (IOException | RuntimeException e) {
      // Bouncy Castle answers bytes that are not the promised structure with either.
      return new Parsed.Rejected("RequestInvalid", "the certificate request does not parse");
    }
  }

  private static Parsed judge(CertificationRequest request) throws IOException {
    var info = request.getCertificationRequestInfo();
    if (info.getVersion().intValueExact() != 0) {
      return new Parsed.Rejected("RequestInvalid", "the certificate request is not of version 1");
    }
    SubjectPublicKeyInfo open = info.getSubjectPublicKeyInfo();
    PublicKey key = p256(open);
    if (key == null) {
      return new Parsed.Rejected(
          "KeyNotSupported", "the key of the certificate request is not ECDSA on P-256");
    }
    if (!isSignedBy(request, key)) {
      return new Parsed.Rejected(
          "SignatureInvalid",
          "the certificate request is not signed by ECDSA with SHA-256 and its own key");
    }
    var claims = new Claims();
    claims.subject(info.getSubject().getRDNs());
    if (info.getAttributes() != null) {
      for (ASN1Encodable attribute : info.getAttributes()) {
        claims.attribute(Attribute.getInstance(attribute));
      }
    }
    return new Parsed.Accepted(
        new CertificateRequest(key, claims.commonNames, claims.uris, claims.rest));
  }

  private static @Nullable PublicKey p256(SubjectPublicKeyInfo open) throws IOException {
    if (!open.getAlgorithm().getAlgorithm().equals(X9ObjectIdentifiers.id_ecPublicKey)
        || !SECObjectIdentifiers.secp256r1.equals(open.getAlgorithm().getParameters())) {
      return null;
    }
    try {
      PublicKey key =
          KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(open.getEncoded()));
      return WorkloadKeys.isP256(key) ? key : null;
    } catch (GeneralSecurityException e) {
      return null;
    }
  }

  private static boolean isSignedBy(CertificationRequest request, PublicKey key)
      throws IOException {
    var algorithm = request.getSignatureAlgorithm();
    if (!algorithm.getAlgorithm().equals(X9ObjectIdentifiers.ecdsa_with_SHA256)
        || algorithm.getParameters() != null) {
      return false;
    }
    try {
      var signature = Signature.getInstance("SHA256withECDSA");
      signature.initVerify(key);
      signature.update(request.getCertificationRequestInfo().getEncoded(ASN1Encoding.DER));
      return signature.verify(request.getSignature().getOctets());
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** Collects what a request asks for. */
  private static final class Claims {
    final List<String> commonNames = new ArrayList<>();
    final List<String> uris = new ArrayList<>();
    final List<String> rest = new ArrayList<>();

    void add(String claim) {
      if (rest.size() < MAX_CLAIMS) {
        rest.add(printable(claim));
      }
    }

    void subject(RDN[] names) {
      for (RDN name : names) {
        for (AttributeTypeAndValue part : name.getTypesAndValues()) {
          String value = IETFUtils.valueToString(part.getValue());
          if (part.getType().equals(BCStyle.CN)) {
            // What follows is judged one by one, so their number is bounded as well.
            if (commonNames.size() < MAX_CLAIMS) {
              commonNames.add(printable(value));
            }
          } else {
            String type = BCStyle.INSTANCE.oidToDisplayName(part.getType());
            add("subject " + (type == null ? part.getType().getId() : type) + '=' + value);
          }
        }
      }
    }

    void attribute(Attribute attribute) {
      if (!attribute.getAttrType().equals(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest)) {
        add("attribute " + attribute.getAttrType().getId());
        return;
      }
      for (ASN1Encodable value : attribute.getAttrValues()) {
        Extensions extensions = Extensions.getInstance(value);
        for (var oid : extensions.getExtensionOIDs()) {
          extension(extensions.getExtension(oid));
        }
      }
    }

    private void extension(Extension extension) {
      var oid = extension.getExtnId();
      ASN1Encodable value = extension.getParsedValue();
      if (oid.equals(Extension.subjectAlternativeName)) {
        for (GeneralName name : GeneralNames.getInstance(value).getNames()) {
          alternativeName(name);
        }
      } else if (oid.equals(Extension.basicConstraints)) {
        if (BasicConstraints.getInstance(value).isCA()) {
          add("basic constraints CA:TRUE");
        }
      } else if (oid.equals(Extension.keyUsage)) {
        if (!KeyUsage.getInstance(value).equals(new KeyUsage(KeyUsage.digitalSignature))) {
          add("a key usage other than digital signature");
        }
      } else if (oid.equals(Extension.extendedKeyUsage)) {
        for (KeyPurposeId purpose : ExtendedKeyUsage.getInstance(value).getUsages()) {
          if (!purpose.equals(KeyPurposeId.id_kp_serverAuth)
              && !purpose.equals(KeyPurposeId.id_kp_clientAuth)) {
            add("key purpose " + purpose.getId());
          }
        }
      } else {
        add("extension " + oid.getId());
      }
    }

    private void alternativeName(GeneralName name) {
      switch (name.getTagNo()) {
        case GeneralName.uniformResourceIdentifier -> {
          if (uris.size() < MAX_CLAIMS) {
            uris.add(printable(name.getName().toString()));
          }
        }
        case GeneralName.dNSName -> add("DNS name " + name.getName());
        case GeneralName.iPAddress -> add("IP address " + name.getName());
        case GeneralName.rfc822Name -> add("e-mail address " + name.getName());
        default -> add("subject alternative name of kind " + name.getTagNo());
      }
    }

    /** A stranger's text, fit for a log line and a status message. */
    private static String printable(String text) {
      String start = text.length() > 300 ? text.substring(0, 300) + "..." : text;
      return start.replaceAll("[^\\x20-\\x7e]", "?");
    }
  }
}
