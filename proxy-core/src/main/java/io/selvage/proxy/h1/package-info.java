// SPDX-License-Identifier: Apache-2.0
/** HTTP/1.1 as bytes: the head parser, body framing, and both ends of a connection. */
@NullMarked
package io.selvage.proxy.h1;

import org.jspecify.annotations.NullMarked;
