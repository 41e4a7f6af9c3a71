// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.identity.token.TokenKey;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.kube.TokenVerifier.Refused;
import io.selvage.kube.TokenVerifier.Result;
import io.selvage.kube.TokenVerifier.Verified;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class LocalTokenVerifierTest {
  private static final WorkloadIdentity WEB = new WorkloadIdentity("td", "shop", "web.front");
  private static final String OURS = MeshProtocol.TOKEN_AUDIENCE;

  private final TestClock clock = new TestClock();
  private final TokenKey key = WorkloadTokens.newKey();
  private final LocalTokenVerifier verifier = new LocalTokenVerifier(key.open(), OURS, clock);

  @Test
  void acceptsWhatWasMinted() {
    assertThat(verifier.verify(mint(Duration.ofHours(1))))
        .isEqualTo(new Verified("system:serviceaccount:shop:web.front", "", "", List.of(OURS)));
  }

  @Test
  void anotherAudienceIsRefused() {
    String foreign = WorkloadTokens.mint(key, WEB, "vault", clock.instant(), Duration.ofHours(1));
    assertThat(refused(foreign)).contains("audience");
    // Neither a prefix nor an audience that holds ours counts.
    for (String near : List.of(OURS + "x", "identity.selvage", OURS + "," + OURS)) {
      assertThat(refused(WorkloadTokens.mint(key, WEB, near, clock.instant(), Duration.ofHours(1))))
          .contains("audience");
    }
  }

  @Test
  void aForeignSignerIsRefused() {
    assertThat(
            refused(
                WorkloadTokens.mint(
                    WorkloadTokens.newKey(), WEB, OURS, clock.instant(), Duration.ofHours(1))))
        .contains("signed");
  }

  @Test
  void noAlgorithmAndOthersAreRefused() throws GeneralSecurityException {
    String claims = mint(Duration.ofHours(1)).split("\\.")[1];
    for (String header :
        List.of(
            "{\"alg\":\"none\",\"typ\":\"JWT\"}",
            "{\"alg\":\"None\"}",
            "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"jku\":\"https://evil.example\"}",
            "{\"alg\":\"ES256\",\"alg\":\"none\"}",
            "{}",
            "")) {
      String signed = encode(header) + "." + claims;
      assertThat(refused(signed + ".")).isNotEmpty();
      assertThat(refused(signed + "." + es256(signed))).isNotEmpty();
    }
    // The public key taken for a shared secret (the confusion of algorithms).
    String signed = encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}") + "." + claims;
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key.open().getEncoded(), "HmacSHA256"));
    byte[] tag = mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII));
    assertThat(refused(signed + "." + base64(tag))).contains("ES256");
    String es = mint(Duration.ofHours(1)).split("\\.")[0] + "." + claims;
    assertThat(refused(es + "." + base64(tag))).contains("signed");
  }

  @Test
  void theEmptySignatureIsRefused() {
    String token = mint(Duration.ofHours(1));
    String signed = token.substring(0, token.lastIndexOf('.'));
    assertThat(refused(signed + ".")).contains("signed");
    // r = s = 0, which some verifiers took for good (CVE-2022-21449).
    assertThat(refused(signed + "." + base64(new byte[64]))).contains("signed");
    assertThat(refused(signed)).contains("JWT");
  }

  @Test
  void lifeEndsAndBeginsWithTwentySecondsOfAllowance() {
    String token = mint(Duration.ofMinutes(10));
    clock.advance(Duration.ofMinutes(10).plus(LocalTokenVerifier.SKEW).minusSeconds(1));
    assertThat(verifier.verify(token)).isInstanceOf(Verified.class);
    clock.advance(Duration.ofSeconds(1));
    assertThat(refused(token)).contains("expired");

    String future =
        WorkloadTokens.mint(key, WEB, OURS, clock.instant().plusSeconds(21), Duration.ofHours(1));
    assertThat(refused(future)).contains("not valid yet");
    clock.advance(Duration.ofSeconds(1));
    assertThat(verifier.verify(future)).isInstanceOf(Verified.class);
  }

  @Test
  void aTokenWithoutALifeOrANameIsRefused() throws GeneralSecurityException {
    String base = "\"iss\":\"" + WorkloadTokens.ISSUER + "\",\"aud\":\"" + OURS + "\"";
    long now = clock.instant().getEpochSecond();
    assertThat(
            verifier.verify(
                signed("{" + base + ",\"sub\":\"a\",\"nbf\":0,\"exp\":" + (now + 60) + "}")))
        .isInstanceOf(Verified.class);
    assertThat(refused(signed("{" + base + ",\"sub\":\"a\",\"nbf\":0}"))).contains("life");
    assertThat(refused(signed("{" + base + ",\"sub\":\"a\",\"exp\":" + (now + 60) + "}")))
        .contains("life");
    assertThat(refused(signed("{" + base + ",\"sub\":\"a\",\"nbf\":0,\"exp\":1e99}")))
        .contains("life");
    assertThat(refused(signed("{" + base + ",\"nbf\":0,\"exp\":" + (now + 60) + "}")))
        .contains("nobody");
    assertThat(refused(signed("{\"aud\":\"" + OURS + "\",\"nbf\":0,\"exp\":" + (now + 60) + "}")))
        .contains("issuer");
    assertThat(refused(signed("{" + base + "," + base + "}"))).contains("parse");
    assertThat(refused(signed("[]"))).contains("issuer");
    assertThat(refused(signed("{} {}"))).contains("parse");
    assertThat(refused(signed("[[[[[[[[]]]]]]]]"))).contains("parse");
  }

  @Test
  void theSizeIsBounded() {
    assertThat(refused("a".repeat(LocalTokenVerifier.MAX_CHARS))).contains("JWT");
    assertThat(refused("a".repeat(LocalTokenVerifier.MAX_CHARS + 1))).contains("4096");
    assertThat(refused("")).contains("JWT");
  }

  @Test
  void oneTextHasOneFormOnly() {
    String token = mint(Duration.ofHours(1));
    for (String bad : List.of(token + "=", token + "\n", " " + token, token + ".", token + "A")) {
      assertThat(verifier.verify(bad)).isInstanceOf(Refused.class);
    }
    // The last character of 64 bytes carries four bits only; the others must be zero.
    char last = token.charAt(token.length() - 1);
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char alias = alphabet.charAt(alphabet.indexOf(last) + 1);
    assertThat(refused(token.substring(0, token.length() - 1) + alias)).contains("parse");
  }

  @Test
  void everyChangedCharacterIsRefusedAndNoneMakesItThrow() {
    String token = mint(Duration.ofHours(1));
    var random = new Random(5);
    for (int i = 0; i < token.length(); i++) {
      var bad = new StringBuilder(token);
      char other = (char) (33 + random.nextInt(93));
      bad.setCharAt(i, other == token.charAt(i) ? '!' : other);
      assertThat(verifier.verify(bad.toString())).as("at " + i).isInstanceOf(Refused.class);
    }
  }

  @Test
  void noReasonHoldsTheToken() {
    String token = mint(Duration.ofHours(1));
    clock.advance(Duration.ofDays(1));
    assertThat(refused(token)).doesNotContain(token.split("\\.")[1]);
  }

  private String mint(Duration ttl) {
    return WorkloadTokens.mint(key, WEB, OURS, clock.instant(), ttl);
  }

  private String signed(String claims) throws GeneralSecurityException {
    String text = encode(WorkloadTokens.HEADER) + "." + encode(claims);
    return text + "." + es256(text);
  }

  private String es256(String text) throws GeneralSecurityException {
    var signature = Signature.getInstance("SHA256withECDSAinP1363Format");
    signature.initSign(key.secret());
    signature.update(text.getBytes(StandardCharsets.US_ASCII));
    return base64(signature.sign());
  }

  private String refused(String token) {
    Result result = verifier.verify(token);
    assertThat(result).isInstanceOf(Refused.class);
    return ((Refused) result).reason();
  }

  private static String encode(String text) {
    return base64(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
