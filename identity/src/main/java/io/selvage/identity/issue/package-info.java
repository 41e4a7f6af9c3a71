// SPDX-License-Identifier: Apache-2.0
/** The issuing side: certificate requests as they arrive, the issuer, and new authorities. */
@NullMarked
package io.selvage.identity.issue;

import org.jspecify.annotations.NullMarked;
