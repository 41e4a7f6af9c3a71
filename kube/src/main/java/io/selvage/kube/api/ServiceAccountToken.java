// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static java.util.Objects.requireNonNull;

import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;

/**
 * A token of a ServiceAccount for the API server itself ({@code authentication.k8s.io/v1}
 * TokenRequest): whoever may {@code create} {@code serviceaccounts/token} there may speak as that
 * account, however they have shown who they are.
 *
 * @param token never logged
 * @param expires when it ends
 */
public record ServiceAccountToken(String token, Instant expires) {
  public ServiceAccountToken {
    requireNonNull(token, "token");
    requireNonNull(expires, "expires");
  }

  /**
   * Asks for one, with the rights of the connection's account. Blocks.
   *
   * @param life at least ten minutes, less than which no API server gives
   * @throws ApiCallException if the API server refuses or does not answer
   */
  public static ServiceAccountToken request(
      ApiServer api, String namespace, String account, Duration life) {
    String what = "asking for a token of the ServiceAccount " + namespace + "/" + account;
    try {
      var status =
          api.client()
              .serviceAccounts()
              .inNamespace(namespace)
              .withName(account)
              .tokenRequest(
                  new TokenRequestBuilder()
                      .withNewSpec()
                      .withExpirationSeconds(life.toSeconds())
                      .endSpec()
                      .build())
              .getStatus();
      if (status == null || status.getToken() == null || status.getToken().isEmpty()) {
        throw ApiCallException.unanswered(what, "the answer holds none");
      }
      return new ServiceAccountToken(
          status.getToken(), Instant.parse(String.valueOf(status.getExpirationTimestamp())));
    } catch (KubernetesClientException e) {
      throw ApiCallException.of(what, e);
    } catch (DateTimeParseException e) {
      throw ApiCallException.unanswered(what, "the answer does not say when it ends");
    }
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "ServiceAccountToken[expires=" + expires + "]";
  }
}
