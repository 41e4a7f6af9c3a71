// SPDX-License-Identifier: Apache-2.0
/**
 * HTTP/2 on Netty's frame codec without its HTTP objects: both ends of a connection.
 */
@NullMarked
package io.selvage.proxy.h2;

import org.jspecify.annotations.NullMarked;
