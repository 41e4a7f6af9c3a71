// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.injector.config.ConfigOption;
import io.selvage.injector.patch.MutatorSettings;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What an operator chooses for sidecars that are injected. */
final class SidecarFlags {
  @Option(
      names = "--proxy-image",
      paramLabel = "IMAGE",
      description = "Image of the sidecar, with its tag (default: selvage/sidecar:VERSION).")
  private @Nullable String image;

  @Option(
      names = "--image-pull-policy",
      paramLabel = "POLICY",
      defaultValue = "IfNotPresent",
      description = "Always, IfNotPresent or Never (default: ${DEFAULT-VALUE}).")
  private String pullPolicy;

  @Option(
      names = "--control-plane-namespace",
      paramLabel = "NAME",
      defaultValue = "${POD_NAMESPACE:-selvage}",
      description = "Where the control plane runs (default: $POD_NAMESPACE, or selvage).")
  private String namespace;

  @Option(
      names = "--control-plane",
      paramLabel = "HOST:PORT",
      description = "Where sidecars find the control plane (default: its Service).")
  private @Nullable String controlPlane;

  @Option(
      names = "--trust-domain",
      paramLabel = "NAME",
      defaultValue = "cluster.local",
      description = "Trust domain of every identity (default: ${DEFAULT-VALUE}).")
  private String trustDomain;

  @Option(
      names = "--initial-inbound-policy",
      paramLabel = "POLICY",
      defaultValue = "all-unauthenticated",
      description =
          "What sidecars assume before the control plane has told them (default:"
              + " ${DEFAULT-VALUE}).")
  private String policy;

  @Option(
      names = "--classic-sidecar",
      description =
          "Put the proxy beside the other containers, for Kubernetes before 1.29, unless a pod"
              + " says otherwise.")
  private boolean classic;

  @Option(
      names = "--proxy-default",
      paramLabel = "OPTION=VALUE",
      description =
          "What sidecars have whose pod and namespace say nothing else by config.selvage.io/OPTION,"
              + " such as proxy-memory-limit=400Mi; repeatable.")
  private Map<String, String> defaults = Map.of();

  @Option(
      names = "--image-pull-secrets",
      paramLabel = "NAME",
      split = ",",
      description =
          "Secrets of the pods' own namespaces that injected pods get as imagePullSecrets;"
              + " repeatable.")
  private List<String> pullSecrets = List.of();

  String namespace() {
    return namespace;
  }

  /**
   * The settings.
   *
   * @param by who injects
   * @throws ParameterException naming the flag that makes no sense
   */
  MutatorSettings settings(CommandSpec spec, String by) {
    String version = VersionCommand.number();
    InboundPolicy initial =
        InboundPolicy.parse(policy)
            .orElseThrow(() ->
                new ParameterException(
                    spec.commandLine(),
                    "--initial-inbound-policy: there is no policy \"" + policy + "\""));
    try {
      if (!WorkloadIdentity.isTrustDomain(trustDomain)) {
        throw new IllegalArgumentException("\"" + trustDomain + "\" is no trust domain");
      }
      MutatorSettings settings =
          MutatorSettings.of(
                  image == null ? "selvage/sidecar:" + version : image,
                  version,
                  by + " " + version,
                  namespace,
                  trustDomain)
              .withNativeSidecar(!classic)
              .withImagePullPolicy(pullPolicy)
              .withPolicy(initial)
              .withDefaults(chosenDefaults())
              .withPullSecrets(pullSecrets);
      return controlPlane == null ? settings : settings.withControlPlane(controlPlane);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
    }
  }

  private Map<ConfigOption, String> chosenDefaults() {
    var all = new EnumMap<ConfigOption, String>(ConfigOption.class);
    all.putAll(MutatorSettings.DEFAULT_RESOURCES);
    defaults.forEach((key, value) -> {
      ConfigOption option =
          ConfigOption.find(key)
              .orElseThrow(() ->
                  new IllegalArgumentException("--proxy-default: there is no \"" + key + "\""));
      if (value.isEmpty()) {
        all.remove(option);
      } else {
        all.put(option, value);
      }
    });
    return all;
  }
}
