// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;

/** A call that the API server refused or did not answer. */
public final class ApiCallException extends RuntimeException {
  private final int code;

  private ApiCallException(int code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  static ApiCallException of(String what, KubernetesClientException e) {
    return new ApiCallException(e.getCode(), what + ": " + reason(e), e);
  }

  /** A call that nobody answered. */
  public static ApiCallException unanswered(String what, String why) {
    return new ApiCallException(0, what + ": " + why, new IOException(why));
  }

  /** The cause in words for a person, without a client library's preamble. */
  static String reason(KubernetesClientException e) {
    if (e.getCode() > 0) {
      String said = e.getStatus() == null ? null : e.getStatus().getMessage();
      return "HTTP " + e.getCode() + (said == null || said.isEmpty() ? "" : ", " + said);
    }
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
      // Below these the JDK's client speaks of channels, which helps nobody.
      if (cause instanceof HttpTimeoutException) {
        return "no answer in time";
      }
      if (cause instanceof ConnectException) {
        return cause.getCause() instanceof UnresolvedAddressException
            ? "there is no such host"
            : "connection refused";
      }
    }
    return cause.toString();
  }

  /** HTTP status; 0 if there was no answer. */
  public int code() {
    return code;
  }

  /** The object is another by now, or exists already: read it again and decide anew. */
  public boolean isConflict() {
    return code == HttpURLConnection.HTTP_CONFLICT;
  }

  public boolean isForbidden() {
    return code == HttpURLConnection.HTTP_FORBIDDEN;
  }

  public boolean isNotFound() {
    return code == HttpURLConnection.HTTP_NOT_FOUND;
  }
}
