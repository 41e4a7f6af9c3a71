// SPDX-License-Identifier: Apache-2.0
/** Connections that others make to the pod: who they are, whether they may, and on to the app. */
@NullMarked
package io.selvage.sidecar.inbound;

import org.jspecify.annotations.NullMarked;
