// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Core {@code v1} Pod: what discovery and policy need of it. */
public record Pod(ObjectMeta metadata, Spec spec, Status status) implements KubeObject {
  public Pod(
      @JsonProperty("metadata") ObjectMeta metadata,
      @JsonProperty("spec") @Nullable Spec spec,
      @JsonProperty("status") @Nullable Status status) {
    this.metadata = metadata;
    this.spec = spec == null ? Spec.EMPTY : spec;
    this.status = status == null ? Status.EMPTY : status;
  }

  @Override
  public String kind() {
    return "Pod";
  }

  /** Every address of the pod, the first one first; empty before it has any. */
  public List<String> addresses() {
    var all = Stream.concat(Stream.of(status.podIP), status.podIPs.stream().map(PodIp::ip));
    return all.filter(ip -> !ip.isEmpty()).distinct().toList();
  }

  /** Whether the kubelet says that it is ready. */
  public boolean isReady() {
    return status.conditions.stream()
        .anyMatch(c -> c.type().equals("Ready") && c.status().equals("True"));
  }

  /** Whether it is being deleted; it may serve for a while yet. */
  public boolean isTerminating() {
    return !metadata.deletionTimestamp().isEmpty();
  }

  /** Whether it has run to its end: its address may be another pod's by now. */
  public boolean isFinished() {
    return status.phase.equals("Succeeded") || status.phase.equals("Failed");
  }

  /** All containers, those of the start first. */
  public Stream<Container> allContainers() {
    return Stream.concat(spec.initContainers.stream(), spec.containers.stream());
  }

  /**
   * {@code spec}.
   *
   * @param serviceAccountName {@code default} where it is absent, as the API server fills it in
   */
  public record Spec(
      String serviceAccountName,
      boolean hostNetwork,
      String nodeName,
      String hostname,
      String subdomain,
      List<Container> containers,
      List<Container> initContainers) {
    static final Spec EMPTY = new Spec(null, false, null, null, null, null, null);

    public Spec(
        @JsonProperty("serviceAccountName") @Nullable String serviceAccountName,
        @JsonProperty("hostNetwork") boolean hostNetwork,
        @JsonProperty("nodeName") @Nullable String nodeName,
        @JsonProperty("hostname") @Nullable String hostname,
        @JsonProperty("subdomain") @Nullable String subdomain,
        @JsonProperty("containers") @Nullable List<Container> containers,
        @JsonProperty("initContainers") @Nullable List<Container> initContainers) {
      this.serviceAccountName =
          serviceAccountName == null || serviceAccountName.isEmpty()
              ? "default"
              : serviceAccountName;
      this.hostNetwork = hostNetwork;
      this.nodeName = orEmpty(nodeName);
      this.hostname = orEmpty(hostname);
      this.subdomain = orEmpty(subdomain);
      this.containers = Lists.copy(containers);
      this.initContainers = Lists.copy(initContainers);
    }
  }

  /**
   * One container.
   *
   * @param restartPolicy {@code Always} makes an init container a native sidecar; empty otherwise
   */
  public record Container(
      String name,
      String image,
      List<Port> ports,
      @Nullable Probe livenessProbe,
      @Nullable Probe readinessProbe,
      @Nullable Probe startupProbe,
      String restartPolicy) {
    public Container(
        @JsonProperty("name") @Nullable String name,
        @JsonProperty("image") @Nullable String image,
        @JsonProperty("ports") @Nullable List<Port> ports,
        @JsonProperty("livenessProbe") @Nullable Probe livenessProbe,
        @JsonProperty("readinessProbe") @Nullable Probe readinessProbe,
        @JsonProperty("startupProbe") @Nullable Probe startupProbe,
        @JsonProperty("restartPolicy") @Nullable String restartPolicy) {
      this.name = orEmpty(name);
      this.image = orEmpty(image);
      this.ports = Lists.copy(ports);
      this.livenessProbe = livenessProbe;
      this.readinessProbe = readinessProbe;
      this.startupProbe = startupProbe;
      this.restartPolicy = orEmpty(restartPolicy);
    }

    /** The probes there are. */
    public Stream<Probe> probes() {
      return Stream.of(
              Optional.ofNullable(startupProbe),
              Optional.ofNullable(livenessProbe),
              Optional.ofNullable(readinessProbe))
          .flatMap(Optional::stream);
    }

    /**
     * The number a probe's port stands for; empty for a name that no port of this container has.
     */
    public Optional<Integer> resolve(IntOrString port) {
      if (!port.isName()) {
        return Optional.of(port.number());
      }
      return ports.stream()
          .filter(p -> p.name().equals(port.name()))
          .map(Port::containerPort)
          .findFirst();
    }
  }

  /** One port of a container; {@code protocol} is {@code TCP} where it is absent. */
  public record Port(String name, int containerPort, String protocol) {
    public Port(
        @JsonProperty("name") @Nullable String name,
        @JsonProperty("containerPort") int containerPort,
        @JsonProperty("protocol") @Nullable String protocol) {
      this.name = orEmpty(name);
      this.containerPort = containerPort;
      this.protocol = protocol == null || protocol.isEmpty() ? "TCP" : protocol;
    }
  }

  /** How the kubelet asks; at most one of the three, none for a command. */
  public record Probe(
      @JsonProperty("httpGet") @Nullable HttpGet httpGet,
      @JsonProperty("tcpSocket") @Nullable TcpSocket tcpSocket,
      @JsonProperty("grpc") @Nullable Grpc grpc) {}

  /**
   * {@code httpGet}.
   *
   * @param path path and query, {@code /} where absent
   * @param scheme HTTP or HTTPS
   */
  public record HttpGet(String path, @Nullable IntOrString port, String scheme) {
    public HttpGet(
        @JsonProperty("path") @Nullable String path,
        @JsonProperty("port") @Nullable IntOrString port,
        @JsonProperty("scheme") @Nullable String scheme) {
      this.path = path == null || path.isEmpty() ? "/" : path;
      this.port = port;
      this.scheme = scheme == null || scheme.isEmpty() ? "HTTP" : scheme;
    }
  }

  /** {@code tcpSocket}. */
  public record TcpSocket(@JsonProperty("port") @Nullable IntOrString port) {}

  /** {@code grpc}: a call of {@code /grpc.health.v1.Health/Check}. */
  public record Grpc(@JsonProperty("port") int port) {}

  /**
   * {@code status}.
   *
   * @param phase Pending, Running, Succeeded or Failed; empty where nothing is known
   * @param hostIP address of the node, from which its kubelet probes
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Status(
      String phase,
      String podIP,
      List<PodIp> podIPs,
      String hostIP,
      List<Condition> conditions,
      List<ContainerStatus> containerStatuses,
      List<ContainerStatus> initContainerStatuses) {
    static final Status EMPTY = new Status(null, null, null, null, null, null, null);

    public Status(
        @JsonProperty("phase") @Nullable String phase,
        @JsonProperty("podIP") @Nullable String podIP,
        @JsonProperty("podIPs") @Nullable List<PodIp> podIPs,
        @JsonProperty("hostIP") @Nullable String hostIP,
        @JsonProperty("conditions") @Nullable List<Condition> conditions,
        @JsonProperty("containerStatuses") @Nullable List<ContainerStatus> containerStatuses,
        @JsonProperty("initContainerStatuses")
            @Nullable List<ContainerStatus> initContainerStatuses) {
      this.phase = orEmpty(phase);
      this.podIP = orEmpty(podIP);
      this.podIPs = Lists.copy(podIPs);
      this.hostIP = orEmpty(hostIP);
      this.conditions = Lists.copy(conditions);
      this.containerStatuses = Lists.copy(containerStatuses);
      this.initContainerStatuses = Lists.copy(initContainerStatuses);
    }
  }

  /** {@code status.podIPs[]}. */
  public record PodIp(String ip) {
    public PodIp(@JsonProperty("ip") @Nullable String ip) {
      this.ip = orEmpty(ip);
    }
  }

  /** {@code status.conditions[]}; {@code status} is True, False or Unknown. */
  public record Condition(String type, String status) {
    public Condition(
        @JsonProperty("type") @Nullable String type,
        @JsonProperty("status") @Nullable String status) {
      this.type = orEmpty(type);
      this.status = orEmpty(status);
    }
  }

  /** {@code status.containerStatuses[]}. */
  public record ContainerStatus(String name, boolean ready) {
    public ContainerStatus(
        @JsonProperty("name") @Nullable String name, @JsonProperty("ready") boolean ready) {
      this.name = orEmpty(name);
      this.ready = ready;
    }
  }

  private static String orEmpty(@Nullable String s) {
    return s == null ? "" : s;
  }
}
