// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.MeshKinds;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.kube.api.NamedObjects.Type;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Whether certificates can be issued, and for how long still. */
final class IdentityChecks {
  /** Below this, it is time to rotate. */
  static final Duration SOON = Duration.ofDays(60);

  private static final String ROTATE =
      "`mesh identity rotate` makes a new root and issuer, and restarts nothing";
  private static final String EXPIRED =
      "nobody gets a certificate any more: remove the Secret "
          + MeshKinds.ISSUER
          + " and the ConfigMap "
          + MeshKinds.TRUST_ROOTS
          + ", restart the control plane, which makes new ones, then every injected workload";

  private final Facts facts;
  private List<X509Certificate> anchors = List.of();
  private List<X509Certificate> chain = List.of();

  IdentityChecks(Facts facts) {
    this.facts = facts;
  }

  Category category() {
    return new Category(
        "selvage-identity",
        List.of(
            Check.fatal(
                "certificate config is valid",
                "bring both back from a backup, or uninstall and install anew",
                this::read),
            Check.error(
                "trust anchors are using a supported crypto algorithm",
                ROTATE,
                () -> p256(anchors)),
            Check.error(
                "trust anchors are within their validity period", EXPIRED, () -> valid(anchors)),
            Check.warning(
                "trust anchors are valid for at least 60 days", ROTATE, () -> lasting(anchors)),
            Check.error(
                "issuer cert is using a supported crypto algorithm", ROTATE, () -> p256(issuer())),
            Check.error(
                "issuer cert is within its validity period", EXPIRED, () -> valid(issuer())),
            Check.warning(
                "issuer cert is valid for at least 60 days", ROTATE, () -> lasting(issuer())),
            Check.error(
                "issuer cert is issued by the trust anchors",
                "the issuer was replaced without its root: put the root into the ConfigMap "
                    + MeshKinds.TRUST_ROOTS,
                this::issued)));
  }

  private List<X509Certificate> issuer() {
    return chain.isEmpty() ? chain : chain.subList(0, 1);
  }

  private void read() throws Finding {
    ObjectNode map = facts.need(Type.CONFIG_MAP, MeshKinds.TRUST_ROOTS);
    anchors =
        certificates(
            "ConfigMap " + MeshKinds.TRUST_ROOTS, map.path("data").path("ca-bundle.crt").asText());
    ObjectNode secret = facts.need(Type.SECRET, MeshKinds.ISSUER);
    boolean pem = secret.path("data").has("crt.pem");
    chain =
        certificates("Secret " + MeshKinds.ISSUER, decoded(secret, pem ? "crt.pem" : "tls.crt"));
    try {
      if (!WorkloadKeys.fits(
          WorkloadKeys.parse(decoded(secret, pem ? "key.pem" : "tls.key")),
          chain.getFirst().getPublicKey())) {
        throw Finding.of("the key in the Secret " + MeshKinds.ISSUER + " is another's");
      }
    } catch (IllegalArgumentException e) {
      throw Finding.of("the key in the Secret " + MeshKinds.ISSUER + " cannot be read");
    }
  }

  private static String decoded(JsonNode secret, String key) throws Finding {
    try {
      byte[] bytes = Base64.getDecoder().decode(secret.path("data").path(key).asText());
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw Finding.of("the Secret " + MeshKinds.ISSUER + ": " + key + " is not base64");
    }
  }

  private static List<X509Certificate> certificates(String where, String pem) throws Finding {
    try {
      List<X509Certificate> found = PemText.certificates(pem);
      if (found.isEmpty()) {
        throw Finding.of("the " + where + " holds no certificate");
      }
      return found;
    } catch (IllegalArgumentException e) {
      throw Finding.of("the " + where + " cannot be read: " + e.getMessage());
    }
  }

  private static void p256(List<X509Certificate> certificates) throws Finding {
    var others = new ArrayList<String>();
    for (X509Certificate certificate : certificates) {
      if (!WorkloadKeys.isP256(certificate.getPublicKey())) {
        others.add(name(certificate) + ": " + certificate.getPublicKey().getAlgorithm());
      }
    }
    if (!others.isEmpty()) {
      throw Finding.of("these are not ECDSA on P-256:\n" + Facts.listed(others));
    }
  }

  private void valid(List<X509Certificate> certificates) throws Finding {
    Instant now = facts.clock().instant();
    var wrong = new ArrayList<String>();
    for (X509Certificate certificate : certificates) {
      if (now.isAfter(certificate.getNotAfter().toInstant())) {
        wrong.add(name(certificate) + " ended " + certificate.getNotAfter().toInstant());
      } else if (now.isBefore(certificate.getNotBefore().toInstant())) {
        wrong.add(name(certificate) + " begins " + certificate.getNotBefore().toInstant());
      }
    }
    if (!wrong.isEmpty()) {
      throw Finding.of(Facts.listed(wrong));
    }
  }

  private void lasting(List<X509Certificate> certificates) throws Finding {
    Instant soon = facts.clock().instant().plus(SOON);
    var ending = new ArrayList<String>();
    for (X509Certificate certificate : certificates) {
      if (certificate.getNotAfter().toInstant().isBefore(soon)) {
        ending.add(name(certificate) + " ends " + certificate.getNotAfter().toInstant());
      }
    }
    if (!ending.isEmpty()) {
      throw Finding.of(Facts.listed(ending));
    }
  }

  private void issued() throws Finding {
    if (TrustBundle.of(anchors).anchorOfAuthority(chain, facts.clock().instant()) == null) {
      throw Finding.of("it leads to none of " + anchors.size() + " trust anchors");
    }
  }

  private static String name(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName();
  }
}
