// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.detect;

/** What a client's first bytes turned out to be. */
public enum Protocol {
  /** A request line of HTTP/1.x (RFC 9112, section 3). */
  HTTP1,
  /** The connection preface of HTTP/2 (RFC 9113, section 3.4). */
  HTTP2,
  /** A TLS record that begins a ClientHello (RFC 8446, sections 4.1.2 and 5.1). */
  TLS,
  /** Anything else: carried as bytes. */
  RAW
}
