// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.patch;

import static java.util.Objects.requireNonNull;

import io.selvage.injector.config.ConfigOption;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.Map;
import java.util.Set;

/**
 * What the operator of the mesh chooses for every sidecar; no annotation reaches it.
 *
 * @param image of both containers, with its tag or digest
 * @param imagePullPolicy Always, IfNotPresent or Never
 * @param controlPlane {@code HOST:PORT} of the control plane's gRPC server
 * @param controlIdentity whom it must prove to be
 * @param controlNamespace where the control plane runs; a label of every injected pod
 * @param version of Selvage, written to every injected pod
 * @param createdBy who injects, written to every injected pod
 * @param nativeSidecar whether the proxy is a native sidecar container unless a pod says otherwise;
 *     Kubernetes has them since 1.29
 * @param policy what sidecars assume before the control plane has told them
 * @param resources requests and limits where annotations give none, by their {@code PROXY_...}
 *     option
 */
public record MutatorSettings(
    String image,
    String imagePullPolicy,
    String controlPlane,
    WorkloadIdentity controlIdentity,
    String controlNamespace,
    String version,
    String createdBy,
    boolean nativeSidecar,
    InboundPolicy policy,
    Map<ConfigOption, String> resources) {
  public static final Set<String> PULL_POLICIES = Set.of("Always", "IfNotPresent", "Never");

  /** Enough for a sidecar at rest and under ordinary load. */
  public static final Map<ConfigOption, String> DEFAULT_RESOURCES =
      Map.of(
          ConfigOption.PROXY_CPU_REQUEST, "50m",
          ConfigOption.PROXY_MEMORY_REQUEST, "75Mi",
          ConfigOption.PROXY_MEMORY_LIMIT, "250Mi");

  public MutatorSettings {
    requireNonNull(controlIdentity, "controlIdentity");
    requireNonNull(policy, "policy");
    resources = Map.copyOf(resources);
    if (image.isBlank()) {
      throw new IllegalArgumentException("the sidecar's image is missing");
    }
    if (!PULL_POLICIES.contains(imagePullPolicy)) {
      throw new IllegalArgumentException(
          "the pull policy \"" + imagePullPolicy + "\" is none of Always, IfNotPresent, Never");
    }
  }

  /**
   * What a mesh in the namespace {@code selvage} and the trust domain {@code cluster.local} has.
   */
  public static MutatorSettings standard(String image, String version, String createdBy) {
    return of(image, version, createdBy, "selvage", "cluster.local");
  }

  /** What a mesh has that was installed without further choices. */
  public static MutatorSettings of(
      String image, String version, String createdBy, String controlNamespace, String trustDomain) {
    return new MutatorSettings(
        image,
        "IfNotPresent",
        "control-plane." + controlNamespace + ".svc:" + MeshProtocol.CONTROL_PORT,
        new WorkloadIdentity(trustDomain, controlNamespace, "control-plane"),
        controlNamespace,
        version,
        createdBy,
        true,
        InboundPolicy.ALL_UNAUTHENTICATED,
        DEFAULT_RESOURCES);
  }

  /** The same with the other layout by default. */
  public MutatorSettings withNativeSidecar(boolean wanted) {
    return new MutatorSettings(
        image,
        imagePullPolicy,
        controlPlane,
        controlIdentity,
        controlNamespace,
        version,
        createdBy,
        wanted,
        policy,
        resources);
  }

  /** The same with another pull policy. */
  public MutatorSettings withImagePullPolicy(String pull) {
    return new MutatorSettings(
        image,
        pull,
        controlPlane,
        controlIdentity,
        controlNamespace,
        version,
        createdBy,
        nativeSidecar,
        policy,
        resources);
  }

  /** The same with another address of the control plane. */
  public MutatorSettings withControlPlane(String address) {
    return new MutatorSettings(
        image,
        imagePullPolicy,
        address,
        controlIdentity,
        controlNamespace,
        version,
        createdBy,
        nativeSidecar,
        policy,
        resources);
  }

  /** The same with another policy before the control plane has told. */
  public MutatorSettings withPolicy(InboundPolicy other) {
    return new MutatorSettings(
        image,
        imagePullPolicy,
        controlPlane,
        controlIdentity,
        controlNamespace,
        version,
        createdBy,
        nativeSidecar,
        other,
        resources);
  }
}
