// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.selvage.model.routing.RetrySpec;
import io.selvage.model.routing.RetrySpec.On;
import org.jspecify.annotations.Nullable;

/**
 * When another attempt is right (RFC 9110 section 9.2.2). Pure; budget and breakers are asked
 * elsewhere.
 */
final class RetryRules {
  /**
   * Tries of requests that certainly never reached an endpoint: safe whatever the method, but with
   * two dead endpoints in a row the cluster is in a state that another try does not mend.
   */
  static final int NEVER_SENT_RETRIES = 2;

  private RetryRules() {}

  static boolean isIdempotent(String method) {
    return switch (method) {
      case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> true;
      default -> false;
    };
  }

  /** True if the policy has a say in another try for this method and number of tries made. */
  private static boolean applies(@Nullable RetrySpec spec, String method, int retries) {
    return spec != null
        && retries < spec.maxRetries()
        && (spec.anyMethod() || isIdempotent(method));
  }

  static boolean onStatus(@Nullable RetrySpec spec, String method, int retries, int status) {
    if (spec == null || !applies(spec, method, retries)) {
      return false;
    }
    return status >= 500 && spec.on().contains(On.SERVER_ERROR)
        || status >= 502 && status <= 504 && spec.on().contains(On.GATEWAY_ERROR)
        || status == 409 && spec.on().contains(On.CONFLICT)
        || spec.on().contains(On.STATUS) && spec.statuses().contains(status);
  }

  /**
   * True if the endpoint can have seen the request and the policy allows another try all the same.
   */
  static boolean onFailure(
      @Nullable RetrySpec spec, String method, int retries, UpstreamFailure failure) {
    if (spec == null || !applies(spec, method, retries)) {
      return false;
    }
    boolean anyFailure =
        spec.on().contains(On.SERVER_ERROR) || spec.on().contains(On.GATEWAY_ERROR);
    return switch (failure) {
      case CONNECT_FAILED, CONNECT_TIMEOUT, TLS_FAILED ->
          anyFailure || spec.on().contains(On.CONNECT_FAILURE);
      case REFUSED -> anyFailure || spec.on().contains(On.REFUSED_STREAM);
      case RESET, RESET_ON_REUSE, PROTOCOL_ERROR -> anyFailure || spec.on().contains(On.RESET);
      case OVERFLOW, REMOVED, RESET_MID_RESPONSE -> false;
    };
  }

  /** True if a per-try timeout may be followed by another try: to the client it would be a 504. */
  static boolean onTimeout(@Nullable RetrySpec spec, String method, int retries) {
    return onStatus(spec, method, retries, 504);
  }
}
