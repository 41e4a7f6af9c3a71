// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.selvage.identity.EngineTrustManager;

/** Believes no certificate and names no authority: for servers that do not ask for one. */
final class NobodyTrusted extends EngineTrustManager {
  static final NobodyTrusted INSTANCE = new NobodyTrusted();

  private NobodyTrusted() {}
}
