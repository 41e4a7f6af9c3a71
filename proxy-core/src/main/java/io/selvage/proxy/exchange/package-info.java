// SPDX-License-Identifier: Apache-2.0
/**
 * One request and its response: the state machine between a client's stream and an upstream's
 * stream, with timers, retries, header rules and exactly one Outcome. Knows streams only by
 * interface, so that HTTP/1.1 and HTTP/2 combine freely.
 */
@NullMarked
package io.selvage.proxy.exchange;

import org.jspecify.annotations.NullMarked;
