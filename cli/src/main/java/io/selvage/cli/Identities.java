// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.model.mesh.WorkloadIdentity;

/** SPIFFE ids as tables show them. */
final class Identities {
  private Identities() {}

  /** {@code sa.ns}; {@code -} where there is none, and an id of another form as it is. */
  static String shortName(String id) {
    if (id.isEmpty()) {
      return Figures.NONE;
    }
    return WorkloadIdentity.parse(id).map(WorkloadIdentity::shortName).orElse(id);
  }
}
