// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import io.selvage.proxy.http.HeaderBlock;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Turns WebSocket's extended CONNECT (RFC 8441) into the Upgrade of HTTP/1.1 (RFC 6455) and back.
 * Between the codecs a WebSocket always has the latter form, so both ends may speak either.
 */
final class WebSocketUpgrade {
  static final String TOKEN = "websocket";
  static final byte[] KEY = ascii("sec-websocket-key");
  static final byte[] ACCEPT = ascii("sec-websocket-accept");
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private WebSocketUpgrade() {}

  /**
   * Adds what the Upgrade form needs beside the client's own fields. Connection and Upgrade are
   * written by the encoder, from the head's upgrade token.
   */
  static void addRequestFields(HeaderBlock block) {
    byte[] nonce = new byte[16];
    // The key proves that the server understood the upgrade; it need not be secret.
    ThreadLocalRandom.current().nextBytes(nonce);
    block.add(KEY, Base64.getEncoder().encode(nonce));
  }

  /** Adds what a 101 needs that answers {@code key}. */
  static void addResponseFields(HeaderBlock block, String key) {
    block.add("connection", "Upgrade");
    block.add("upgrade", TOKEN);
    block.add("sec-websocket-accept", accept(key));
  }

  private static String accept(String key) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-1").digest(ascii(key + GUID));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  private static byte[] ascii(String s) {
    return s.getBytes(StandardCharsets.US_ASCII);
  }
}
