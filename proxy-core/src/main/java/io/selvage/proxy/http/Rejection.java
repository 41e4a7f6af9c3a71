// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

/**
 * A request that is refused before routing. Framing doubt always closes: bytes left in the buffer
 * would become the next request.
 *
 * @param status 400, 408, 413, 414, 417, 421, 426, 431, 501 or 505
 * @param reason stable lower-case word for the access log and metrics, such as {@code two_hosts}
 * @param close whether the connection ends after the answer
 */
public record Rejection(int status, String reason, boolean close) {
  /** 400 and close. */
  public static Rejection bad(String reason) {
    return new Rejection(400, reason, true);
  }
}
