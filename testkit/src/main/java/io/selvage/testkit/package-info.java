// SPDX-License-Identifier: Apache-2.0
/**
 * What tests share: a client that sends raw bytes, an origin that follows a script, an API-server
 * fixture, a test certificate authority and clocks that move by hand. It depends on no other
 * module, so that every module's tests may use it.
 */
@NullMarked
package io.selvage.testkit;

import org.jspecify.annotations.NullMarked;
