// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.ingress;

/** Whose reading of an Ingress is followed. */
enum Dialect {
  /** The specification's: the path reaches the backend as it came. */
  SPEC,
  /**
   * Emissary's: the matched prefix (of an Exact path: all of it) is replaced by {@code /}, because
   * backends behind it rely on that. Paths are still matched element by element.
   */
  EMISSARY
}
