// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.identity;

import io.selvage.model.mesh.Certify;
import java.util.concurrent.CompletableFuture;

/** Whoever issues certificates. */
@FunctionalInterface
public interface Certifier {
  /**
   * Asks for one. May block for DNS.
   *
   * @return always completes within bounded time; a failure's message is for people and holds
   *     nothing secret
   */
  CompletableFuture<Certify.Response> certify(Certify.Request request);
}
