// SPDX-License-Identifier: Apache-2.0
/**
 * Bound sockets: accept, connection limits, PROXY protocol, protocol detection, and the choice of
 * codec.
 */
@NullMarked
package io.selvage.proxy.listener;

import org.jspecify.annotations.NullMarked;
