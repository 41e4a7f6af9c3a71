// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.MeshKinds;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.TrustBundle;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.NamedObjects.Type;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether certificates can be issued, and for how long still. */
final class IdentityChecks {
  /** Below this, it is time to rotate. */
  static final Duration SOON = Duration.ofDays(60);

  private final Facts facts;
  private List<X509Certificate> anchors = List.of();
  private List<X509Certificate> chain = List.of();

  IdentityChecks(Facts facts) {
    this.facts = facts;
  }

  Category category() {
    return new Category("selvage-identity", this::checks);
  }

  private List<Check> checks() {
    return List.of(
        Check.fatal(
            "certificate config is valid",
            "bring both back from a backup, or uninstall and install anew",
            this::read),
        Check.error(
            "trust anchors are using a supported crypto algorithm",
            rotate(),
            () -> p256(anchors())),
        Check.error(
            "trust anchors are within their validity period", renew(), () -> valid(anchors())),
        Check.warning(
            "trust anchors are valid for at least 60 days", rotate(), () -> lasting(anchors())),
        Check.error(
            "issuer cert is using a supported crypto algorithm", rotate(), () -> p256(issuer())),
        Check.error("issuer cert is within its validity period", renew(), () -> valid(issuer())),
        Check.warning(
            "issuer cert is valid for at least 60 days", rotate(), () -> lasting(issuer())),
        Check.error(
            "issuer cert is issued by the trust anchors",
            "the issuer was replaced without its root: put the root into the ConfigMap "
                + MeshKinds.TRUST_ROOTS,
            this::issued));
  }

  private String rotate() {
    if (facts.values().path("identity").path("external").asBoolean()) {
      return "whoever keeps the Secret " + MeshKinds.ISSUER + " is to put others there";
    }
    String in = facts.in().replace("-n", "--control-plane-namespace");
    return "`mesh identity rotate" + in + "` makes a new root and issuer, and restarts nothing";
  }

  private String renew() {
    if (facts.values().path("identity").path("external").asBoolean()) {
      return rotate();
    }
    return "nobody gets a certificate any more: `kubectl delete -n "
        + facts.namespace()
        + " secret/"
        + MeshKinds.ISSUER
        + " configmap/"
        + MeshKinds.TRUST_ROOTS
        + "`, then "
        + facts.restart("control-plane")
        + ", which makes new ones; restart every injected workload after that";
  }

  private List<X509Certificate> anchors() throws Finding {
    if (anchors.isEmpty()) {
      throw Finding.unseen("the ConfigMap " + MeshKinds.TRUST_ROOTS);
    }
    return anchors;
  }

  private List<X509Certificate> chain() throws Finding {
    if (chain.isEmpty()) {
      throw Finding.unseen("the Secret " + MeshKinds.ISSUER);
    }
    return chain;
  }

  private List<X509Certificate> issuer() throws Finding {
    return chain().subList(0, 1);
  }

  private void read() throws Finding {
    @Nullable ApiCallException refused = null;
    try {
      readAnchors();
    } catch (ApiCallException e) {
      if (!e.isForbidden()) {
        throw e;
      }
      refused = e; // Who may not see the one may see the other.
    }
    readIssuer();
    if (refused != null) {
      throw refused;
    }
  }

  private void readAnchors() throws Finding {
    ObjectNode map = facts.need(Type.CONFIG_MAP, MeshKinds.TRUST_ROOTS);
    anchors =
        certificates(
            "ConfigMap " + MeshKinds.TRUST_ROOTS, map.path("data").path("ca-bundle.crt").asText());
  }

  private void readIssuer() throws Finding {
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
    List<X509Certificate> roots = anchors();
    if (TrustBundle.of(roots).anchorOfAuthority(chain(), facts.clock().instant()) == null) {
      throw Finding.of("it leads to none of " + roots.size() + " trust anchors");
    }
  }

  private static String name(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName();
  }
}
