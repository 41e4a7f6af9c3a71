// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import io.selvage.model.mesh.Certify;
import java.util.concurrent.CompletionStage;

/** Turns a token and a CSR into a certificate. */
@FunctionalInterface
public interface CertifyService {
  /**
   * Returns at once, from any thread.
   *
   * @param peer IP literal of whoever asks, for logs
   * @return fails with {@link RpcException}; any other failure is answered as INTERNAL without its
   *     text
   */
  CompletionStage<Certify.Response> certify(Certify.Request request, String peer);
}
