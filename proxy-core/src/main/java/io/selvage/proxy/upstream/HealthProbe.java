// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.concurrent.CompletionStage;

/** Asks one endpoint how it is. */
interface HealthProbe extends AutoCloseable {
  /** Checks once, within the configured timeout; never completes exceptionally. */
  CompletionStage<HealthState.Check> probe(Endpoint endpoint);

  @Override
  void close();
}
