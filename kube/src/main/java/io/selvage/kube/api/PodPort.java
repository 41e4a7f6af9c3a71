// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.LocalPortForward;
import io.fabric8.kubernetes.client.readiness.Readiness;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A port of this machine's loopback that leads through the API server to a port of one pod, by the
 * rights of whoever runs this: what {@code kubectl port-forward} does.
 */
public final class PodPort implements AutoCloseable {
  /** In one sentence. */
  private static final int MAX_NAMES = 5;

  private final LocalPortForward forward;
  private final String pod;

  private PodPort(LocalPortForward forward, String pod) {
    this.forward = forward;
    this.pod = pod;
  }

  /**
   * Leads to a ready pod, the youngest one: during a rollout, that is the one that stays. A label
   * is easily given to any pod; an account of a namespace is used by those only who may make pods
   * there, and who may take its tokens too.
   *
   * @param account name of the ServiceAccount that the pod must run as
   * @param labels all of them
   * @param port of the pod; it may listen on its own loopback only
   * @param localPort 0 = any free one
   * @throws IOException with a text for people: who is not permitted what, or what is not there
   */
  public static PodPort open(
      ApiServer api,
      String namespace,
      String account,
      Map<String, String> labels,
      int port,
      int localPort)
      throws IOException {
    KubernetesClient client = api.client();
    String server = client.getMasterUrl().toString();
    List<Pod> pods;
    try {
      pods = client.pods().inNamespace(namespace).withLabels(labels).list().getItems();
    } catch (KubernetesClientException e) {
      if (e.getCode() == 403) {
        throw new IOException(
            "your account may not list pods in the namespace "
                + namespace
                + " of "
                + server
                + ": "
                + needed(namespace),
            e);
      }
      throw new IOException(
          "the API server " + server + " cannot be asked: " + ApiCallException.reason(e), e);
    }
    requireAccount(pods, namespace, account, labels);
    Optional<Pod> pod =
        pods.stream()
            .filter(each -> runsAs(each, namespace, account))
            .filter(Readiness::isPodReady)
            .max(Comparator.comparing(each -> each.getMetadata().getCreationTimestamp()));
    if (pod.isEmpty()) {
      throw new IOException(
          pods.isEmpty()
              ? "no pod labelled "
                  + text(labels)
                  + " in the namespace "
                  + namespace
                  + " of "
                  + server
              : "none of the "
                  + pods.size()
                  + " pods labelled "
                  + text(labels)
                  + " in the namespace "
                  + namespace
                  + " is ready");
    }
    requirePermission(client, namespace);
    String name = pod.get().getMetadata().getName();
    try {
      LocalPortForward forward =
          client
              .pods()
              .inNamespace(namespace)
              .withName(name)
              .portForward(port, InetAddress.getLoopbackAddress(), localPort);
      return new PodPort(forward, namespace + "/" + name);
    } catch (KubernetesClientException | IllegalStateException e) {
      throw new IOException("no local port can be opened: " + e.getMessage(), e);
    }
  }

  private static boolean runsAs(Pod pod, String namespace, String account) {
    return namespace.equals(pod.getMetadata().getNamespace())
        && pod.getSpec() != null
        && account.equals(pod.getSpec().getServiceAccountName());
  }

  /** What is asked of a pod, a token among it, is not for whoever has given himself a label. */
  private static void requireAccount(
      List<Pod> pods, String namespace, String account, Map<String, String> labels)
      throws IOException {
    if (!pods.isEmpty() && pods.stream().noneMatch(pod -> runsAs(pod, namespace, account))) {
      throw new IOException(
          "no pod labelled "
              + text(labels)
              + " in the namespace "
              + namespace
              + " runs as the ServiceAccount "
              + account
              + ", so none of them is believed: "
              + pods.stream()
                  .map(pod -> pod.getMetadata().getName())
                  .sorted()
                  .limit(MAX_NAMES)
                  .collect(Collectors.joining(", ")));
    }
  }

  /** Asked before, for a refusal in the middle of a connection says nothing to anybody. */
  static void requirePermission(KubernetesClient client, String namespace) throws IOException {
    var review =
        new SelfSubjectAccessReviewBuilder()
            .withNewSpec()
            .withNewResourceAttributes()
            .withNamespace(namespace)
            .withResource("pods")
            .withSubresource("portforward")
            .withVerb("create")
            .endResourceAttributes()
            .endSpec()
            .build();
    try {
      var status = client.authorization().v1().selfSubjectAccessReview().create(review).getStatus();
      if (status != null && Boolean.TRUE.equals(status.getAllowed())) {
        return;
      }
    } catch (KubernetesClientException e) {
      throw new IOException(
          "the API server cannot be asked what is permitted: " + ApiCallException.reason(e), e);
    }
    throw new IOException(
        "your account may not create pods/portforward in the namespace "
            + namespace
            + ": "
            + needed(namespace));
  }

  private static String needed(String namespace) {
    return "it takes a Role in "
        + namespace
        + " that allows list on pods, and get and create on pods/portforward";
  }

  private static String text(Map<String, String> labels) {
    return labels.entrySet().stream()
        .map(label -> label.getKey() + "=" + label.getValue())
        .sorted()
        .collect(Collectors.joining(","));
  }

  /** On 127.0.0.1. */
  public int localPort() {
    return forward.getLocalPort();
  }

  /** Where it leads, {@code namespace/name}. */
  public String pod() {
    return pod;
  }

  @Override
  public void close() throws IOException {
    forward.close();
  }
}
