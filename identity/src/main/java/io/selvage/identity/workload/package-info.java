// SPDX-License-Identifier: Apache-2.0
/**
 * What a proxy needs of identity: keys, certificate requests, its certificate, the trust bundle and
 * the clock that renews. Written with the JDK alone, so that a sidecar loads no other library for
 * it; a test holds that.
 */
@NullMarked
package io.selvage.identity.workload;

import org.jspecify.annotations.NullMarked;
