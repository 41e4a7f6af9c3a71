// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.patch;

import static java.util.Objects.requireNonNull;

import io.selvage.injector.config.ConfigOption;
import io.selvage.injector.config.ProxyConfig;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.List;
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
 * @param defaults what holds where annotations of pod and namespace say nothing, such as requests
 *     and limits; checked
 * @param pullSecrets names of Secrets that every injected pod gets as further {@code
 *     imagePullSecrets}; they must be in its namespace
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
    Map<ConfigOption, String> defaults,
    List<String> pullSecrets) {
  public static final Set<String> PULL_POLICIES = Set.of("Always", "IfNotPresent", "Never");

  /** Enough for a sidecar at rest and under ordinary load. */
  public static final Map<ConfigOption, String> DEFAULT_RESOURCES =
      Map.of(
          ConfigOption.PROXY_CPU_REQUEST, "50m",
          ConfigOption.PROXY_MEMORY_REQUEST, "75Mi",
          ConfigOption.PROXY_MEMORY_LIMIT, "250Mi");

  /**
   * What an operator may choose for every sidecar. The rest is the pod's, or has its own setting.
   */
  public static final Set<ConfigOption> DEFAULTS =
      Set.of(
          ConfigOption.PROXY_CPU_REQUEST,
          ConfigOption.PROXY_CPU_LIMIT,
          ConfigOption.PROXY_MEMORY_REQUEST,
          ConfigOption.PROXY_MEMORY_LIMIT,
          ConfigOption.PROXY_EPHEMERAL_STORAGE_REQUEST,
          ConfigOption.PROXY_EPHEMERAL_STORAGE_LIMIT,
          ConfigOption.PROXY_LOG_LEVEL,
          ConfigOption.SKIP_INBOUND_PORTS,
          ConfigOption.SKIP_OUTBOUND_PORTS,
          ConfigOption.SKIP_SUBNETS);

  public MutatorSettings {
    requireNonNull(controlIdentity, "controlIdentity");
    requireNonNull(policy, "policy");
    defaults = Map.copyOf(defaults);
    pullSecrets = List.copyOf(pullSecrets);
    defaults.forEach((option, value) -> {
      if (!DEFAULTS.contains(option)) {
        throw new IllegalArgumentException("\"" + option.key() + "\" has no default of the mesh");
      }
      option
          .problem(value)
          .ifPresent(problem -> {
            throw new IllegalArgumentException(
                "\"" + option.key() + "\": \"" + value + "\" is " + problem);
          });
    });
    ProxyConfig.problem(defaults)
        .ifPresent(problem -> {
          throw new IllegalArgumentException(problem);
        });
    if (image.isBlank()) {
      throw new IllegalArgumentException("the sidecar's image is missing");
    }
    if (!PULL_POLICIES.contains(imagePullPolicy)) {
      throw new IllegalArgumentException(
          "the pull policy \"" + imagePullPolicy + "\" is none of Always, IfNotPresent, Never");
    }
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
        DEFAULT_RESOURCES,
        List.of());
  }

  /** The same with the other layout by default. */
  public MutatorSettings withNativeSidecar(boolean wanted) {
    return with(imagePullPolicy, controlPlane, wanted, policy, defaults, pullSecrets);
  }

  /** The same with another pull policy. */
  public MutatorSettings withImagePullPolicy(String pull) {
    return with(pull, controlPlane, nativeSidecar, policy, defaults, pullSecrets);
  }

  /** The same with another address of the control plane. */
  public MutatorSettings withControlPlane(String address) {
    return with(imagePullPolicy, address, nativeSidecar, policy, defaults, pullSecrets);
  }

  /** The same with another policy before the control plane has told. */
  public MutatorSettings withPolicy(InboundPolicy other) {
    return with(imagePullPolicy, controlPlane, nativeSidecar, other, defaults, pullSecrets);
  }

  /** The same with other defaults; what is not among them has none. */
  public MutatorSettings withDefaults(Map<ConfigOption, String> others) {
    return with(imagePullPolicy, controlPlane, nativeSidecar, policy, others, pullSecrets);
  }

  /** The same with other Secrets to pull images with. */
  public MutatorSettings withPullSecrets(List<String> names) {
    return with(imagePullPolicy, controlPlane, nativeSidecar, policy, defaults, names);
  }

  private MutatorSettings with(
      String newPullPolicy,
      String newControlPlane,
      boolean newNativeSidecar,
      InboundPolicy newPolicy,
      Map<ConfigOption, String> newDefaults,
      List<String> newPullSecrets) {
    return new MutatorSettings(
        image,
        newPullPolicy,
        newControlPlane,
        controlIdentity,
        controlNamespace,
        version,
        createdBy,
        newNativeSidecar,
        newPolicy,
        newDefaults,
        newPullSecrets);
  }
}
