// SPDX-License-Identifier: Apache-2.0
/** The Ingress conformance scenarios as requests to a running gateway. */
@NullMarked
package io.selvage.gateway.conformance;

import org.jspecify.annotations.NullMarked;
