// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.HeaderEdits;
import org.jspecify.annotations.Nullable;

/** What header edits and error bodies may say about the exchange they run in. */
public interface FactSource {
  /** The fact's text; null = unknown, which reads as empty. */
  @Nullable String fact(HeaderEdits.Fact fact);

  /** First value of a request header by lower-case name; null when absent. */
  @Nullable String requestHeader(String lowerName);
}
