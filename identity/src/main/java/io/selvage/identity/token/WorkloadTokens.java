// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.token;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.model.mesh.WorkloadIdentity;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Mints workload tokens: compact JWTs (RFC 7519) signed by ES256 (RFC 7518 3.4) that say what a
 * projected ServiceAccount token would say.
 */
public final class WorkloadTokens {
  /** {@code iss} of every token minted here. */
  public static final String ISSUER = "https://selvage.io/local";

  /** Prefix of {@code sub}, as the API server writes it. */
  public static final String SUBJECT_PREFIX = "system:serviceaccount:";

  /** Longest life of a token: beyond it, a stolen one is worth too much. */
  public static final Duration MAX_TTL = Duration.ofDays(366);

  /** The only header there is; a verifier compares it as a whole. */
  public static final String HEADER = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";

  /** Text that is the same in JSON: no quote, no backslash, no control character. */
  private static final Pattern AUDIENCE = Pattern.compile("[\\x20-\\x7e&&[^\"\\\\]]{1,255}");

  private static final Base64.Encoder BASE64URL = Base64.getUrlEncoder().withoutPadding();

  private WorkloadTokens() {}

  /**
   * Mints a token.
   *
   * @param who namespace and ServiceAccount count, the trust domain does not
   * @param audience printable ASCII without quotes and backslashes, 1..255
   * @param ttl from now, at least a second, at most {@link #MAX_TTL}
   * @throws IllegalArgumentException naming what is out of range
   */
  public static String mint(
      TokenKey key, WorkloadIdentity who, String audience, Instant now, Duration ttl) {
    requireNonNull(who, "who");
    if (!AUDIENCE.matcher(audience).matches()) {
      throw new IllegalArgumentException(
          "an audience is 1 to 255 printable characters without quotes and backslashes");
    }
    if (ttl.compareTo(Duration.ofSeconds(1)) < 0 || ttl.compareTo(MAX_TTL) > 0) {
      throw new IllegalArgumentException(
          "a token's life is between 1 second and " + MAX_TTL.toDays() + " days, not " + ttl);
    }
    long seconds = now.getEpochSecond();
    String claims =
        "{\"iss\":\"%s\",\"aud\":[\"%s\"],\"sub\":\"%s%s:%s\",\"iat\":%d,\"nbf\":%d,\"exp\":%d,\"jti\":\"%s\"}"
            .formatted(
                ISSUER,
                audience,
                SUBJECT_PREFIX,
                who.namespace(),
                who.serviceAccount(),
                seconds,
                seconds,
                seconds + ttl.toSeconds(),
                UUID.randomUUID());
    String signed = encode(HEADER) + '.' + encode(claims);
    try {
      // The form of RFC 7518 3.4: r and s one after another, 32 bytes each, and not in DER.
      var signature = Signature.getInstance("SHA256withECDSAinP1363Format");
      signature.initSign(key.secret());
      signature.update(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + '.' + BASE64URL.encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform signs by ECDSA", e);
    }
  }

  private static String encode(String text) {
    return BASE64URL.encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  /** A fresh key for tokens. */
  public static TokenKey newKey() {
    var keys = WorkloadKeys.create();
    return new TokenKey(keys.getPrivate(), keys.getPublic());
  }
}
