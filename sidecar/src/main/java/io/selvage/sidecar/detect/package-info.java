// SPDX-License-Identifier: Apache-2.0
/**
 * What is spoken on a connection, found out from whoever speaks first: no list of ports, and no
 * wait that a user would notice.
 */
@NullMarked
package io.selvage.sidecar.detect;

import org.jspecify.annotations.NullMarked;
