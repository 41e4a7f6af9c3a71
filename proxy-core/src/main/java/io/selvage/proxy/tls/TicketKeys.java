// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.handler.ssl.OpenSslSessionTicketKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Session ticket keys of the process, shared by all server contexts so that a client returning
 * after a certificate or configuration change resumes. The first key seals new tickets, the older
 * ones only open; a key is forgotten after three periods, which bounds how long a stolen one reads
 * anything.
 *
 * <p>Sharing keys must not carry a session from one binding to another with different client
 * certificate rules: each context has a session id context of its own, which BoringSSL compares.
 *
 * <p>Thread-safe.
 */
final class TicketKeys {
  /** Tickets are honoured for this long at least, three times as long at most. */
  static final Duration PERIOD = Duration.ofHours(8);

  private static final int KEPT = 3;

  private final SecureRandom random = new SecureRandom();
  private final long periodNanos;
  private List<OpenSslSessionTicketKey> keys;
  private long newestSinceNanos;

  TicketKeys(Duration period, long nowNanos) {
    periodNanos = period.toNanos();
    keys = List.of(newKey());
    newestSinceNanos = nowNanos;
  }

  /** The keys to install, newest first. */
  synchronized List<OpenSslSessionTicketKey> current() {
    return keys;
  }

  /**
   * Adds a key when the newest is a period old.
   *
   * @return whether {@link #current()} has changed
   */
  synchronized boolean rotate(long nowNanos) {
    if (nowNanos - newestSinceNanos < periodNanos) {
      return false;
    }
    List<OpenSslSessionTicketKey> next = new ArrayList<>();
    next.add(newKey());
    // After a long pause even the newest key is too old to be believed.
    if (nowNanos - newestSinceNanos < KEPT * periodNanos) {
      next.addAll(keys.subList(0, Math.min(keys.size(), KEPT - 1)));
    }
    keys = List.copyOf(next);
    newestSinceNanos = nowNanos;
    return true;
  }

  private OpenSslSessionTicketKey newKey() {
    byte[] secret =
        new byte
            [OpenSslSessionTicketKey.NAME_SIZE
                + OpenSslSessionTicketKey.HMAC_KEY_SIZE
                + OpenSslSessionTicketKey.AES_KEY_SIZE];
    random.nextBytes(secret);
    int hmac = OpenSslSessionTicketKey.NAME_SIZE;
    int aes = hmac + OpenSslSessionTicketKey.HMAC_KEY_SIZE;
    return new OpenSslSessionTicketKey(
        Arrays.copyOfRange(secret, 0, hmac),
        Arrays.copyOfRange(secret, hmac, aes),
        Arrays.copyOfRange(secret, aes, secret.length));
  }
}
