// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.CommandFailure;
import io.selvage.cli.KubeOptions;
import io.selvage.kube.api.NamedObjects.Type;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Which versions run on the cluster. */
public final class ServerVersions implements AutoCloseable {
  /** On every injected pod. */
  private static final String PROXY_VERSION = "selvage.io/proxy-version";

  private final Cluster cluster;
  private final String namespace;

  private ServerVersions(Cluster cluster, String namespace) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /**
   * Connects to the cluster that is meant.
   *
   * @param namespace of the control plane
   * @throws CommandFailure if the kubeconfig cannot be used
   */
  public static ServerVersions connect(KubeOptions kube, String namespace) throws CommandFailure {
    return new ServerVersions(Cluster.connect(kube), namespace);
  }

  /**
   * The installed version.
   *
   * @throws CommandFailure if there is none, or the cluster cannot be asked
   */
  public String server() throws CommandFailure {
    Optional<ObjectNode> config = cluster.get(Type.CONFIG_MAP, namespace, MeshKinds.CONFIG);
    return config
        .map(map -> new Installation(namespace, map).version())
        .orElseThrow(() ->
            CommandFailure.failed(
                "Nothing is installed in the namespace "
                    + namespace
                    + "; say with -n where it is."));
  }

  /**
   * How many pods run each version of the sidecar; finished pods are left out.
   *
   * @throws CommandFailure if the cluster cannot be asked
   */
  public SortedMap<String, Integer> proxies() throws CommandFailure {
    var versions = new TreeMap<String, Integer>();
    for (ObjectNode pod : cluster.meshedPods(namespace)) {
      String version =
          pod.path("metadata").path("annotations").path(PROXY_VERSION).asText("unknown");
      versions.merge(version, 1, Integer::sum);
    }
    return versions;
  }

  @Override
  public void close() {
    cluster.close();
  }
}
