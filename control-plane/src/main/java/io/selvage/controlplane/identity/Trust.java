// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.TrustBundle;

/** An issuer and the anchors it was found to chain to; one value, so that they always fit. */
record Trust(Issuer issuer, TrustBundle bundle) {
  Trust {
    requireNonNull(issuer, "issuer");
    requireNonNull(bundle, "bundle");
  }
}
