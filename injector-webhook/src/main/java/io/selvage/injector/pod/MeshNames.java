// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.pod;

/** Names that are written to pods and read from them. */
public final class MeshNames {
  /** On a pod or a namespace: {@code enabled}, {@code disabled} or {@code ingress}. */
  public static final String INJECT = "selvage.io/inject";

  /** The same of Linkerd, where it counts. */
  public static final String LINKERD_INJECT = "linkerd.io/inject";

  /** Domain of the options. */
  public static final String CONFIG = "config.selvage.io/";

  public static final String LINKERD_CONFIG = "config.linkerd.io/";

  /** Label of every injected pod: namespace of the control plane it belongs to. */
  public static final String CONTROL_PLANE_NS = "selvage.io/control-plane-ns";

  public static final String WORKLOAD_NS = "selvage.io/workload-ns";
  public static final String WORKLOAD_KIND = "selvage.io/workload-kind";
  public static final String WORKLOAD_NAME = "selvage.io/workload-name";

  public static final String CREATED_BY = "selvage.io/created-by";
  public static final String PROXY_VERSION = "selvage.io/proxy-version";

  public static final String PROXY_CONTAINER = "selvage-proxy";
  public static final String INIT_CONTAINER = "selvage-init";

  /** ServiceAccount token for our audience. */
  public static final String TOKEN_VOLUME = "selvage-identity-token";

  /** Trust anchors, from the ConfigMap of the same name in the pod's namespace. */
  public static final String TRUST_VOLUME = "selvage-trust-roots";

  /** In memory, so that it keeps no node from being scaled down. */
  public static final String SCRATCH_VOLUME = "selvage-scratch";

  private MeshNames() {}
}
