// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.patch;

/** The ConfigMap that tells a sidecar whom to believe at its start, one in each namespace. */
public final class TrustRoots {
  public static final String CONFIG_MAP = "selvage-trust-roots";

  /** PEM. */
  public static final String KEY = "ca-bundle.crt";

  private TrustRoots() {}
}
