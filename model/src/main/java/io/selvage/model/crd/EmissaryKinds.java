// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import java.util.List;

/** The {@code getambassador.io} kinds that Selvage reads: v3alpha1, and v2 as well. */
public final class EmissaryKinds {
  public static final String GROUP = "getambassador.io";

  /** All of them, in a fixed order. */
  public static final List<Kind<? extends KubeObject>> ALL = List.of();

  private EmissaryKinds() {}
}
