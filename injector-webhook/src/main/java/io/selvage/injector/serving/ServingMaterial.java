// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.serving;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.WorkloadKeys;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The certificate the webhook serves with, and its authority; the key of which is kept so that
 * every replica can renew. Never printed whole.
 *
 * @param authoritiesPem whom the API server is to believe: the authority, and the one before it as
 *     long as that lasts
 * @param authorityKeyPem PKCS#8
 * @param certificatePem leaf
 * @param keyPem PKCS#8
 */
public record ServingMaterial(
    String authoritiesPem, String authorityKeyPem, String certificatePem, String keyPem) {
  private static final String AUTHORITIES = "ca.crt";
  private static final String AUTHORITY_KEY = "ca.key";
  private static final String CERTIFICATE = "tls.crt";
  private static final String KEY = "tls.key";

  public ServingMaterial {
    requireNonNull(authoritiesPem, "authoritiesPem");
    requireNonNull(authorityKeyPem, "authorityKeyPem");
    requireNonNull(certificatePem, "certificatePem");
    requireNonNull(keyPem, "keyPem");
  }

  /** What a Secret turned out to hold. */
  sealed interface Parsed {
    /** Usable. */
    record Accepted(ServingMaterial material) implements Parsed {}

    /**
     * Not usable.
     *
     * @param reason for a person, without key material
     */
    record Rejected(String reason) implements Parsed {}
  }

  /** Reads a Secret and checks that its parts belong together, whatever the time. */
  static Parsed of(JsonNode secret) {
    try {
      var material =
          new ServingMaterial(
              value(secret, AUTHORITIES),
              value(secret, AUTHORITY_KEY),
              value(secret, CERTIFICATE),
              value(secret, KEY));
      material.check();
      return new Parsed.Accepted(material);
    } catch (IllegalArgumentException | GeneralSecurityException e) {
      return new Parsed.Rejected(String.valueOf(e.getMessage()));
    }
  }

  private static String value(JsonNode secret, String key) {
    String text = secret.path("data").path(key).asText("");
    if (text.isEmpty()) {
      throw new IllegalArgumentException(key + " is missing");
    }
    try {
      return new String(Base64.getDecoder().decode(text), StandardCharsets.US_ASCII);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + " is not base64", e);
    }
  }

  private void check() throws GeneralSecurityException {
    if (authorities().isEmpty() || PemText.certificates(certificatePem).isEmpty()) {
      throw new IllegalArgumentException("a certificate is missing");
    }
    if (!WorkloadKeys.fits(WorkloadKeys.parse(keyPem), leaf().getPublicKey())) {
      throw new IllegalArgumentException(KEY + " does not fit " + CERTIFICATE);
    }
    if (!WorkloadKeys.fits(WorkloadKeys.parse(authorityKeyPem), authority().getPublicKey())) {
      throw new IllegalArgumentException(AUTHORITY_KEY + " does not fit " + AUTHORITIES);
    }
    leaf().verify(authority().getPublicKey());
  }

  /** Writes the values into a Secret. */
  void writeTo(ObjectNode secret) {
    ObjectNode data = secret.withObject("/data");
    put(data, AUTHORITIES, authoritiesPem);
    put(data, AUTHORITY_KEY, authorityKeyPem);
    put(data, CERTIFICATE, certificatePem);
    put(data, KEY, keyPem);
  }

  private static void put(ObjectNode data, String key, String pem) {
    data.put(key, Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)));
  }

  /** The newest first. */
  List<X509Certificate> authorities() {
    return PemText.certificates(authoritiesPem);
  }

  /** The authority that signed the leaf. */
  X509Certificate authority() {
    return authorities().getFirst();
  }

  X509Certificate leaf() {
    return PemText.certificates(certificatePem).getFirst();
  }

  /** End of the leaf. */
  public Instant notAfter() {
    return leaf().getNotAfter().toInstant();
  }

  /** As it stands in a webhook's registration. */
  String caBundle() {
    return Base64.getEncoder().encodeToString(authoritiesPem.getBytes(StandardCharsets.US_ASCII));
  }

  /** Whether a client that believes the other's authorities believes this leaf. */
  boolean isBelievedBy(Optional<ServingMaterial> other) {
    return other.isPresent() && other.get().authorities().contains(authority());
  }

  /** Without the keys. */
  @Override
  public String toString() {
    return "ServingMaterial[until " + notAfter() + "]";
  }
}
