// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.selvage.identity.token.WorkloadTokens;
import io.selvage.kube.TokenVerifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Verifies the tokens of {@link WorkloadTokens}: one algorithm, one issuer, our audience, within
 * their life. The signature is checked before anything of the claims is read.
 */
public final class LocalTokenVerifier implements TokenVerifier {
  /** Longest token, in characters; ours have about 400. */
  public static final int MAX_CHARS = 4096;

  /** How far the clock of whoever minted may be from ours. */
  public static final Duration SKEW = Duration.ofSeconds(20);

  /** An ES256 signature has 64 bytes (RFC 7518 3.4). */
  private static final int SIGNATURE_BYTES = 64;

  private static final Pattern COMPACT =
      Pattern.compile("([A-Za-z0-9_-]{1,200})\\.([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]*)");

  private static final ObjectMapper JSON =
      JsonMapper.builder(
              com.fasterxml.jackson.core.JsonFactory.builder()
                  .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(4).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .configure(JsonParser.Feature.STRICT_DUPLICATE_DETECTION, true)
          .build();

  private final PublicKey key;
  private final String audience;
  private final InstantSource clock;

  /**
   * @param key of {@link io.selvage.identity.token.TokenKey}
   * @param audience the only one accepted
   */
  public LocalTokenVerifier(PublicKey key, String audience, InstantSource clock) {
    this.key = requireNonNull(key, "key");
    this.audience = requireNonNull(audience, "audience");
    this.clock = requireNonNull(clock, "clock");
  }

  @Override
  public Result verify(String token) {
    if (token.length() > MAX_CHARS) {
      return new Refused("it has more than " + MAX_CHARS + " characters");
    }
    var parts = COMPACT.matcher(token);
    if (!parts.matches()) {
      return new Refused("it is not a compact JWT");
    }
    try {
      byte[] header = decode(parts.group(1));
      // There is one header only, so whoever names another algorithm is refused by its bytes.
      if (!new String(header, StandardCharsets.UTF_8).equals(WorkloadTokens.HEADER)) {
        return new Refused("its header is not that of a workload token signed by ES256");
      }
      byte[] signature = decode(parts.group(3));
      if (signature.length != SIGNATURE_BYTES || !isSigned(token, parts.end(2), signature)) {
        return new Refused("it is not signed by this control plane's token key");
      }
      return judge(JSON.readTree(decode(parts.group(2))));
    } catch (IOException | IllegalArgumentException e) {
      return new Refused("it does not parse");
    }
  }

  private boolean isSigned(String token, int end, byte[] signed) {
    try {
      var signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initVerify(key);
      signature.update(token.substring(0, end).getBytes(StandardCharsets.US_ASCII));
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private Result judge(JsonNode claims) {
    if (!claims.path("iss").asText().equals(WorkloadTokens.ISSUER)) {
      return new Refused("it names another issuer");
    }
    if (!audiences(claims.path("aud")).contains(audience)) {
      return new Refused("it is not for the audience " + audience);
    }
    JsonNode expires = claims.path("exp");
    JsonNode begins = claims.path("nbf");
    if (!expires.isIntegralNumber() || !begins.isIntegralNumber()) {
      return new Refused("it has no life");
    }
    Instant now = clock.instant();
    if (now.minus(SKEW).getEpochSecond() >= expires.asLong()) {
      return new Refused("it expired");
    }
    if (now.plus(SKEW).getEpochSecond() < begins.asLong()) {
      return new Refused("it is not valid yet");
    }
    String subject = claims.path("sub").asText();
    return subject.isEmpty()
        ? new Refused("it names nobody")
        : new Verified(subject, "", "", List.of(audience));
  }

  /** One text or a list of texts (RFC 7519 4.1.3). */
  private static List<String> audiences(JsonNode node) {
    var found = new ArrayList<String>();
    if (node.isTextual()) {
      found.add(node.asText());
    }
    node.forEach(one -> {
      if (one.isTextual()) {
        found.add(one.asText());
      }
    });
    return found;
  }

  /** Base64url without padding, in its one canonical form (RFC 4648 3.5). */
  private static byte[] decode(String text) {
    byte[] bytes = Base64.getUrlDecoder().decode(text);
    if (!Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(text)) {
      throw new IllegalArgumentException("not canonical");
    }
    return bytes;
  }
}
