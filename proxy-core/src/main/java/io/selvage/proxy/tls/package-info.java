// SPDX-License-Identifier: Apache-2.0
/** TLS contexts by SNI, hot certificates, client certificates, revocation lists, origination. */
@NullMarked
package io.selvage.proxy.tls;

import org.jspecify.annotations.NullMarked;
