// SPDX-License-Identifier: Apache-2.0
/** What an address stands for, computed once for everybody who asks. */
@NullMarked
package io.selvage.controlplane.discovery;

import org.jspecify.annotations.NullMarked;
