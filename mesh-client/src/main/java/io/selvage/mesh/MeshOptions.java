// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh;

import static java.util.Objects.requireNonNull;

import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a proxy is part of the mesh.
 *
 * @param controlPlane where its replicas are; names are resolved at each attempt, every address of
 *     a name counts
 * @param controlIdentity whom the control plane must prove to be
 * @param tokenFile ServiceAccount token, read again for each certificate
 * @param anchorsFile PEM of the trust anchors to begin with, read again until the first bundle has
 *     come from the control plane
 * @param pod ours; {@link PodRef#NONE} if not known
 * @param software version for people
 * @param reportInterval how often traffic is reported unless the control plane says otherwise
 * @param inbound settings that hold until the control plane has sent some
 */
public record MeshOptions(
    List<ControlAddress> controlPlane,
    WorkloadIdentity controlIdentity,
    Path tokenFile,
    Path anchorsFile,
    PodRef pod,
    ProxyKind kind,
    String software,
    Duration reportInterval,
    InboundSettings inbound) {
  /** Namespace and ServiceAccount of the control plane where nothing else is said. */
  public static final String CONTROL_NAMESPACE = "selvage";

  public static final String CONTROL_ACCOUNT = "control-plane";

  /** Where nothing else is said. */
  public static final String TRUST_DOMAIN = "cluster.local";

  public static final Duration REPORT_INTERVAL = Duration.ofSeconds(5);

  /**
   * A replica of the control plane, or a name that stands for several.
   *
   * @param host name or IP literal, an IPv6 one without brackets
   * @param port 1..65535
   */
  public record ControlAddress(String host, int port) {
    public ControlAddress {
      if (host.isEmpty() || port < 1 || port > 65_535) {
        throw new IllegalArgumentException(host + ":" + port + " is no address of a control plane");
      }
    }

    /**
     * Reads {@code HOST[:PORT]}; an IPv6 literal with a port stands in brackets. Without a port it
     * is {@link MeshProtocol#CONTROL_PORT}.
     *
     * @throws IllegalArgumentException naming the text
     */
    public static ControlAddress parse(String text) {
      String host = text;
      String port = "";
      int colon = text.lastIndexOf(':');
      if (text.startsWith("[")) {
        int end = text.indexOf(']');
        if (end < 0 || (end + 1 < text.length() && text.charAt(end + 1) != ':')) {
          throw bad(text);
        }
        host = text.substring(1, end);
        port = end + 1 < text.length() ? text.substring(end + 2) : "";
        if (end + 1 < text.length() && port.isEmpty()) {
          throw bad(text);
        }
      } else if (colon >= 0 && text.indexOf(':') == colon) {
        host = text.substring(0, colon);
        port = text.substring(colon + 1);
        if (port.isEmpty()) {
          throw bad(text);
        }
      }
      try {
        return new ControlAddress(
            host, port.isEmpty() ? MeshProtocol.CONTROL_PORT : Integer.parseInt(port));
      } catch (IllegalArgumentException e) {
        throw bad(text);
      }
    }

    /**
     * Reads a list, separated by commas.
     *
     * @throws IllegalArgumentException naming the entry that is none, or if there is none
     */
    public static List<ControlAddress> parseList(String text) {
      var addresses = new ArrayList<ControlAddress>();
      for (String entry : text.split(",")) {
        addresses.add(parse(entry.strip()));
      }
      return List.copyOf(addresses);
    }

    private static IllegalArgumentException bad(String text) {
      return new IllegalArgumentException("\"" + text + "\" is not HOST:PORT");
    }

    @Override
    public String toString() {
      return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
  }

  public MeshOptions {
    controlPlane = List.copyOf(controlPlane);
    requireNonNull(controlIdentity, "controlIdentity");
    requireNonNull(tokenFile, "tokenFile");
    requireNonNull(anchorsFile, "anchorsFile");
    requireNonNull(pod, "pod");
    requireNonNull(kind, "kind");
    requireNonNull(software, "software");
    requireNonNull(reportInterval, "reportInterval");
    requireNonNull(inbound, "inbound");
    if (controlPlane.isEmpty()) {
      throw new IllegalArgumentException("no address of a control plane is given");
    }
  }

  /** The control plane's identity in a trust domain, where nothing else is said. */
  public static WorkloadIdentity controlIdentity(String trustDomain) {
    return new WorkloadIdentity(trustDomain, CONTROL_NAMESPACE, CONTROL_ACCOUNT);
  }

  /** The trust domain everybody belongs to. */
  public String trustDomain() {
    return controlIdentity.trustDomain();
  }
}
