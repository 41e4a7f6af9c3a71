// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

/** What is spoken to a destination, as far as its Service or pod says so. */
public enum ProtocolHint {
  /** Nothing was said: whoever speaks first decides. */
  DETECT,
  HTTP1,
  /** HTTP/2 with prior knowledge; gRPC too. */
  HTTP2,
  /** Bytes, never looked at. */
  OPAQUE
}
