// SPDX-License-Identifier: Apache-2.0
/**
 * The custom resources of Emissary ({@code getambassador.io}) as records, read-only and with the
 * field names of the manifests. Meaning is given to them in the gateway's processors, not here.
 */
@NullMarked
package io.selvage.model.crd;

import org.jspecify.annotations.NullMarked;
