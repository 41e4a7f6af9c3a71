// SPDX-License-Identifier: Apache-2.0
/** A proxy's certificate: asking for it, renewing it, and whom to believe. */
@NullMarked
package io.selvage.mesh.identity;

import org.jspecify.annotations.NullMarked;
