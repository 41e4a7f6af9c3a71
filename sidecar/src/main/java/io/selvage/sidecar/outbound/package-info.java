// SPDX-License-Identifier: Apache-2.0
/** Connections that the pod makes: what their destination stands for, and on to an endpoint. */
@NullMarked
package io.selvage.sidecar.outbound;

import org.jspecify.annotations.NullMarked;
