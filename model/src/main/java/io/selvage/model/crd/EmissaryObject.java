// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import io.selvage.model.kube.KubeObject;

/** An object of the group {@code getambassador.io}, meant for some gateway instances. */
public interface EmissaryObject extends KubeObject {
  AmbassadorIds ambassadorIds();
}
