// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.injector.Trees;
import io.selvage.injector.serving.ServingMaterial.Parsed;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ServingAuthorityTest {
  private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");
  private static final List<String> NAMES =
      List.of("selvage-injector.selvage.svc", "127.0.0.1", "::1");

  private final ServingAuthority authority = new ServingAuthority(NAMES);

  @Test
  void aFirstCertificateIsGoodForItsNames() throws Exception {
    ServingMaterial first = authority.next(Optional.empty(), NOW);

    verify(first.leaf(), first.authority(), NOW);
    assertThat(first.authorities()).hasSize(1);
    assertThat(first.leaf().getSubjectAlternativeNames())
        .<Object>extracting(entry -> entry.get(1))
        .containsExactly("selvage-injector.selvage.svc", "127.0.0.1", "0:0:0:0:0:0:0:1");
    assertThat(first.leaf().getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
    assertThat(first.leaf().getBasicConstraints()).isEqualTo(-1);
    assertThat(first.authority().getBasicConstraints()).isZero();
    assertThat(first.toString()).doesNotContain("PRIVATE");
  }

  @Test
  void aLeafIsRenewedInItsLastThirdByTheSameAuthority() throws Exception {
    ServingMaterial first = authority.next(Optional.empty(), NOW);
    Instant early = NOW.plus(Duration.ofDays(39));
    Instant late = NOW.plus(Duration.ofDays(41));

    assertThat(authority.next(Optional.of(first), early)).isEqualTo(first);
    ServingMaterial second = authority.next(Optional.of(first), late);

    assertThat(second.leaf()).isNotEqualTo(first.leaf());
    assertThat(second.leaf().getPublicKey()).isNotEqualTo(first.leaf().getPublicKey());
    assertThat(second.authoritiesPem()).isEqualTo(first.authoritiesPem());
    assertThat(second.isBelievedBy(Optional.of(first))).isTrue();
    verify(second.leaf(), first.authority(), late);
  }

  @Test
  void aLeafForOtherNamesIsRenewedAtOnce() {
    ServingMaterial first = authority.next(Optional.empty(), NOW);
    var renamed = new ServingAuthority(List.of("other.selvage.svc"));

    ServingMaterial second = renamed.next(Optional.of(first), NOW);

    assertThat(second.authority()).isEqualTo(first.authority());
    assertThat(second.leaf()).isNotEqualTo(first.leaf());
    assertThat(renamed.next(Optional.of(second), NOW)).isEqualTo(second);
  }

  @Test
  void aNewAuthorityStandsBesideTheOldOneUntilThatEnds() throws Exception {
    ServingMaterial first = authority.next(Optional.empty(), NOW);
    Instant late = NOW.plus(Duration.ofDays(4 * 365 + 5));

    ServingMaterial second = authority.next(Optional.of(first), late);

    assertThat(second.authorities()).hasSize(2).contains(first.authority());
    assertThat(second.authority()).isNotEqualTo(first.authority());
    assertThat(second.isBelievedBy(Optional.of(first))).isFalse();
    verify(second.leaf(), second.authority(), late);
    Instant after = NOW.plus(Duration.ofDays(5 * 365 + 30));
    ServingMaterial third = authority.next(Optional.of(second), after);
    assertThat(third.authorities()).containsExactly(second.authority());
    // Nothing was kept up for years: a fresh start.
    Instant over = NOW.plus(Duration.ofDays(6 * 365));
    assertThat(authority.next(Optional.of(first), over).authorities())
        .hasSize(1)
        .doesNotContain(first.authority());
  }

  @Test
  void aSecretHoldsItAndAForgedOneIsNamed() {
    ServingMaterial material = authority.next(Optional.empty(), NOW);
    ServingMaterial other = authority.next(Optional.empty(), NOW);
    ObjectNode secret = Trees.JSON.createObjectNode();
    material.writeTo(secret);

    assertThat(ServingMaterial.of(secret)).isEqualTo(new Parsed.Accepted(material));

    assertThat(rejected(secret, "ca.crt", null)).isEqualTo("ca.crt is missing");
    assertThat(rejected(secret, "tls.key", "%%")).isEqualTo("tls.key is not base64");
    ObjectNode foreign = Trees.JSON.createObjectNode();
    other.writeTo(foreign);
    assertThat(rejected(secret, "tls.key", foreign.at("/data/tls.key").asText()))
        .isEqualTo("tls.key does not fit tls.crt");
    assertThat(rejected(secret, "ca.key", foreign.at("/data/ca.key").asText()))
        .isEqualTo("ca.key does not fit ca.crt");
    ObjectNode swapped = secret.deepCopy();
    swapped.withObject("/data").set("ca.crt", foreign.at("/data/ca.crt"));
    swapped.withObject("/data").set("ca.key", foreign.at("/data/ca.key"));
    assertThat(ServingMaterial.of(swapped)).isInstanceOf(Parsed.Rejected.class);
  }

  private static String rejected(ObjectNode secret, String key, String value) {
    ObjectNode changed = secret.deepCopy();
    changed.withObject("/data").put(key, value);
    return ((Parsed.Rejected) ServingMaterial.of(changed)).reason();
  }

  private static void verify(X509Certificate leaf, X509Certificate anchor, Instant at)
      throws Exception {
    var path = CertificateFactory.getInstance("X.509").generateCertPath(List.of(leaf));
    var parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(at));
    CertPathValidator.getInstance("PKIX").validate(path, parameters);
  }
}
