// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.TrustBundle;

/**
 * An issuer and the anchors it was found to chain to; one value, so that they always fit.
 *
 * @param revision of the bundle, which grows with each change; 0 = not known
 */
record Trust(Issuer issuer, TrustBundle bundle, long revision) {
  Trust {
    requireNonNull(issuer, "issuer");
    requireNonNull(bundle, "bundle");
  }
}
