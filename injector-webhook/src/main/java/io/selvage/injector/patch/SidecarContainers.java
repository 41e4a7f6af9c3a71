// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.patch;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.injector.config.ConfigOption;
import io.selvage.injector.config.ProxyConfig;
import io.selvage.injector.pod.MeshNames;
import io.selvage.injector.pod.PodTree;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.MeshProtocol;
import java.util.Optional;

/** The two containers and the volumes of an injected pod. */
final class SidecarContainers {
  /** The kubelet renews it at four fifths of this. */
  private static final int TOKEN_SECONDS = 3_600;

  /** A sidecar that is told to stop leaves this much before it would be killed. */
  private static final int GRACE_MARGIN_SECONDS = 1;

  /** For so long after SIGTERM it stays in any case. */
  private static final int MIN_QUIET_SECONDS = 2;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final MutatorSettings settings;
  private final ProxyConfig config;
  private final PodTree pod;

  SidecarContainers(MutatorSettings settings, ProxyConfig config, PodTree pod) {
    this.settings = settings;
    this.config = config;
    this.pod = pod;
  }

  /** Writes the rules that redirect the pod's connections, then ends. */
  ObjectNode init() {
    ObjectNode container = container(MeshNames.INIT_CONTAINER);
    ArrayNode args = container.putArray("args");
    args.add("proxy-init");
    args.add("--inbound-port=" + inboundPort());
    args.add("--outbound-port=" + outboundPort());
    args.add("--admin-port=" + adminPort());
    args.add("--proxy-uid=" + MeshProtocol.PROXY_UID);
    flag(args, "--skip-inbound-ports=", ConfigOption.SKIP_INBOUND_PORTS);
    flag(args, "--skip-outbound-ports=", ConfigOption.SKIP_OUTBOUND_PORTS);
    flag(args, "--skip-subnets=", ConfigOption.SKIP_SUBNETS);
    initResources(container.putObject("resources"));
    ObjectNode security = container.putObject("securityContext");
    security.put("runAsUser", 0);
    security.put("runAsGroup", 0);
    security.put("runAsNonRoot", false);
    harden(security);
    // The only two rights it keeps: rules belong to the pod's own network namespace.
    security.withObject("capabilities").putArray("add").add("NET_ADMIN").add("NET_RAW");
    ArrayNode mounts = container.putArray("volumeMounts");
    mount(mounts, MeshNames.SCRATCH_VOLUME, "/tmp", false);
    mount(mounts, MeshNames.SCRATCH_VOLUME, "/run", false);
    return container;
  }

  /** The proxy. */
  ObjectNode proxy() {
    ObjectNode container = container(MeshNames.PROXY_CONTAINER);
    container.putArray("args").add("sidecar");
    if (isNative()) {
      container.put("restartPolicy", "Always");
    }
    environment(container.putArray("env"));
    ArrayNode ports = container.putArray("ports");
    ports.addObject().put("name", "selvage-proxy").put("containerPort", inboundPort());
    ports.addObject().put("name", "selvage-admin").put("containerPort", adminPort());
    if (isNative()) {
      // The pod's own containers start when this has succeeded.
      probe(container, "startupProbe", "/ready")
          .put("periodSeconds", 1)
          .put("failureThreshold", 120);
    }
    probe(container, "readinessProbe", "/ready").put("initialDelaySeconds", 2);
    probe(container, "livenessProbe", "/live").put("initialDelaySeconds", 10);
    resources(container.putObject("resources"));
    ObjectNode security = container.putObject("securityContext");
    security.put("runAsUser", MeshProtocol.PROXY_UID);
    security.put("runAsGroup", MeshProtocol.PROXY_UID);
    security.put("runAsNonRoot", true);
    harden(security);
    ArrayNode mounts = container.putArray("volumeMounts");
    mount(mounts, MeshNames.TOKEN_VOLUME, SidecarContract.TOKEN_FOLDER, true);
    mount(mounts, MeshNames.TRUST_VOLUME, SidecarContract.TRUST_FOLDER, true);
    mount(mounts, MeshNames.SCRATCH_VOLUME, "/tmp", false);
    return container;
  }

  ObjectNode tokenVolume() {
    ObjectNode volume = JSON.objectNode().put("name", MeshNames.TOKEN_VOLUME);
    volume
        .putObject("projected")
        .putArray("sources")
        .addObject()
        .putObject("serviceAccountToken")
        .put("audience", MeshProtocol.TOKEN_AUDIENCE)
        .put("expirationSeconds", TOKEN_SECONDS)
        .put("path", SidecarContract.TOKEN);
    return volume;
  }

  /** A ConfigMap and not a value of the environment: the kubelet follows its changes. */
  ObjectNode trustVolume() {
    ObjectNode volume = JSON.objectNode().put("name", MeshNames.TRUST_VOLUME);
    ObjectNode map = volume.putObject("configMap").put("name", TrustRoots.CONFIG_MAP);
    map.putArray("items").addObject().put("key", TrustRoots.KEY).put("path", SidecarContract.TRUST);
    return volume;
  }

  ObjectNode scratchVolume() {
    ObjectNode volume = JSON.objectNode().put("name", MeshNames.SCRATCH_VOLUME);
    volume.putObject("emptyDir").put("medium", "Memory").put("sizeLimit", "16Mi");
    return volume;
  }

  boolean isNative() {
    return config
        .get(ConfigOption.PROXY_ENABLE_NATIVE_SIDECAR)
        .map(Boolean::valueOf)
        .orElse(settings.nativeSidecar());
  }

  int inboundPort() {
    return config.number(ConfigOption.INBOUND_PORT, MeshProtocol.INBOUND_PORT);
  }

  int outboundPort() {
    return config.number(ConfigOption.OUTBOUND_PORT, MeshProtocol.OUTBOUND_PORT);
  }

  int adminPort() {
    return config.number(ConfigOption.ADMIN_PORT, MeshProtocol.ADMIN_PORT);
  }

  private ObjectNode container(String name) {
    return JSON.objectNode()
        .put("name", name)
        .put("image", settings.image())
        .put("imagePullPolicy", settings.imagePullPolicy())
        .put("terminationMessagePolicy", "FallbackToLogsOnError");
  }

  private void environment(ArrayNode env) {
    variable(env, SidecarContract.CONTROL_PLANE, settings.controlPlane());
    variable(env, SidecarContract.CONTROL_PLANE_IDENTITY, settings.controlIdentity().uri());
    variable(env, SidecarContract.TRUST_DOMAIN, settings.controlIdentity().trustDomain());
    variable(
        env,
        SidecarContract.TOKEN_FILE,
        SidecarContract.TOKEN_FOLDER + "/" + SidecarContract.TOKEN);
    variable(
        env,
        SidecarContract.TRUST_ANCHORS,
        SidecarContract.TRUST_FOLDER + "/" + SidecarContract.TRUST);
    field(env, SidecarContract.POD_NAMESPACE, "metadata.namespace");
    field(env, SidecarContract.POD_NAME, "metadata.name");
    field(env, SidecarContract.POD_IPS, "status.podIPs");
    variable(env, SidecarContract.INBOUND_PORT, Integer.toString(inboundPort()));
    variable(env, SidecarContract.OUTBOUND_PORT, Integer.toString(outboundPort()));
    variable(env, SidecarContract.ADMIN_PORT, Integer.toString(adminPort()));
    InboundPolicy policy =
        config
            .get(ConfigOption.DEFAULT_INBOUND_POLICY)
            .flatMap(InboundPolicy::parse)
            .orElse(settings.policy());
    variable(env, SidecarContract.DEFAULT_INBOUND_POLICY, policy.label());
    variable(env, SidecarContract.LOG_LEVEL, config.get(ConfigOption.PROXY_LOG_LEVEL));
    variable(
        env,
        SidecarContract.OUTBOUND_CONNECT_TIMEOUT,
        config.get(ConfigOption.PROXY_OUTBOUND_CONNECT_TIMEOUT));
    variable(
        env,
        SidecarContract.INBOUND_CONNECT_TIMEOUT,
        config.get(ConfigOption.PROXY_INBOUND_CONNECT_TIMEOUT));
    variable(env, SidecarContract.SHUTDOWN_GRACE, shutdownGrace());
    // The sidecar serves on meanwhile. A preStop hook that sleeps is refused before Kubernetes
    // 1.30, and one that runs a program needs one in the image.
    int wait = config.number(ConfigOption.PROXY_WAIT_BEFORE_EXIT_SECONDS, 0);
    if (wait > MIN_QUIET_SECONDS) {
      variable(env, SidecarContract.SHUTDOWN_QUIET, wait + "s");
    }
    variable(
        env,
        SidecarContract.ADMIN_SHUTDOWN,
        config
            .get(ConfigOption.PROXY_ADMIN_SHUTDOWN)
            .map(v -> Boolean.toString(v.equals("enabled"))));
  }

  /** As long as the kubelet leaves the pod alone, but for a moment to end in order. */
  private String shutdownGrace() {
    return config
        .get(ConfigOption.SHUTDOWN_GRACE_PERIOD)
        .orElseGet(
            () -> Math.clamp(pod.graceSeconds() - (long) GRACE_MARGIN_SECONDS, 1, 86_400) + "s");
  }

  private void flag(ArrayNode args, String flag, ConfigOption option) {
    config.get(option).filter(v -> !v.isBlank()).ifPresent(value -> args.add(flag + value));
  }

  private static void variable(ArrayNode env, String name, Optional<String> value) {
    value.ifPresent(v -> variable(env, name, v));
  }

  private static void variable(ArrayNode env, String name, String value) {
    env.addObject().put("name", name).put("value", value);
  }

  private static void field(ArrayNode env, String name, String path) {
    env.addObject()
        .put("name", name)
        .putObject("valueFrom")
        .putObject("fieldRef")
        .put("fieldPath", path);
  }

  private ObjectNode probe(ObjectNode container, String kind, String path) {
    ObjectNode probe = container.putObject(kind);
    probe.putObject("httpGet").put("path", path).put("port", adminPort());
    return probe.put("timeoutSeconds", 2);
  }

  private void resources(ObjectNode resources) {
    resource(resources, "requests", "cpu", ConfigOption.PROXY_CPU_REQUEST);
    resource(resources, "requests", "memory", ConfigOption.PROXY_MEMORY_REQUEST);
    resource(
        resources, "requests", "ephemeral-storage", ConfigOption.PROXY_EPHEMERAL_STORAGE_REQUEST);
    resource(resources, "limits", "cpu", ConfigOption.PROXY_CPU_LIMIT);
    resource(resources, "limits", "memory", ConfigOption.PROXY_MEMORY_LIMIT);
    resource(resources, "limits", "ephemeral-storage", ConfigOption.PROXY_EPHEMERAL_STORAGE_LIMIT);
  }

  /**
   * What the proxy has limits of, this has too: a ResourceQuota on limits refuses a pod one of
   * whose containers has none. It ends before the proxy starts, so the pod needs no more by that.
   */
  private void initResources(ObjectNode resources) {
    resources.putObject("requests").put("cpu", "10m").put("memory", "32Mi");
    resources.putObject("limits").put("memory", "128Mi");
    if (config.get(ConfigOption.PROXY_CPU_LIMIT).isPresent()) {
      // Within the limit, as the proxy's own; without one, Kubernetes requests the limit.
      resources.withObject("/requests").remove("cpu");
      resource(resources, "requests", "cpu", ConfigOption.PROXY_CPU_REQUEST);
      resource(resources, "limits", "cpu", ConfigOption.PROXY_CPU_LIMIT);
    }
    resource(
        resources, "requests", "ephemeral-storage", ConfigOption.PROXY_EPHEMERAL_STORAGE_REQUEST);
    resource(resources, "limits", "ephemeral-storage", ConfigOption.PROXY_EPHEMERAL_STORAGE_LIMIT);
  }

  private void resource(ObjectNode resources, String group, String name, ConfigOption option) {
    config.get(option).ifPresent(amount -> resources.withObject("/" + group).put(name, amount));
  }

  private static void harden(ObjectNode security) {
    security.put("privileged", false);
    security.put("allowPrivilegeEscalation", false);
    security.put("readOnlyRootFilesystem", true);
    security.putObject("seccompProfile").put("type", "RuntimeDefault");
    security.putObject("capabilities").putArray("drop").add("ALL");
  }

  private static void mount(ArrayNode mounts, String volume, String path, boolean readOnly) {
    ObjectNode mount = mounts.addObject().put("name", volume).put("mountPath", path);
    if (readOnly) {
      mount.put("readOnly", true);
    }
  }
}
