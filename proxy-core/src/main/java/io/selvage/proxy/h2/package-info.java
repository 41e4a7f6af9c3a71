// SPDX-License-Identifier: Apache-2.0
/**
 * HTTP/2 (RFC 9113) with HPACK (RFC 7541) and WebSocket over it (RFC 8441), both ends of a
 * connection. Frames, header coding and flow control are our own, over HeaderBlock and without HTTP
 * objects: a general-purpose stack costs three times as much for each request. Entry points are
 * Http2ServerCodec, Http2UpstreamProtocol and Http2Preface; {@code Http2Connection} is what both
 * ends share. Knows exchanges, routes and pools only by their interfaces.
 */
@NullMarked
package io.selvage.proxy.h2;

import org.jspecify.annotations.NullMarked;
