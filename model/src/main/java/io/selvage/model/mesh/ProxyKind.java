// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

/** What a proxy is. */
public enum ProxyKind {
  SIDECAR,
  GATEWAY
}
