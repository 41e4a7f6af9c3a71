// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.policy;

/** Names of annotations and labels on pods, Services and namespaces. */
public final class Annotations {
  /**
   * Label of every pod with a sidecar: the namespace of the control plane its sidecar belongs to.
   * The injector sets it; hand-written manifests set it themselves.
   */
  public static final String CONTROL_PLANE_NAMESPACE = "selvage.io/control-plane-ns";

  /** Inbound policy of a pod, or of a namespace's pods. */
  public static final String DEFAULT_INBOUND_POLICY = "config.selvage.io/default-inbound-policy";

  /** Ports whose bytes are never looked at, of a pod, a Service or a namespace. */
  public static final String OPAQUE_PORTS = "config.selvage.io/opaque-ports";

  /** Ports the sidecar never sees, of a pod or a namespace's pods. */
  public static final String SKIP_INBOUND_PORTS = "config.selvage.io/skip-inbound-ports";

  private Annotations() {}
}
