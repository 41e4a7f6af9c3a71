// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.webhook;

import io.selvage.model.kube.ObjectMeta;
import java.util.Map;
import java.util.Optional;

/** What the webhook asks of the cluster. May block. */
public interface ClusterView {
  /**
   * Annotations of a namespace.
   *
   * @throws ClusterAwayException if they are not known and cannot be asked for
   */
  Map<String, String> namespaceAnnotations(String namespace) throws ClusterAwayException;

  /**
   * Metadata of what stands between a pod and its workload.
   *
   * @param kind ReplicaSet or Job; anything else is answered with nothing
   * @return empty if there is none, or it cannot be asked for just now
   */
  Optional<ObjectMeta> between(String kind, String namespace, String name);

  /** The cluster cannot be asked: whoever asks for a review has to decide without us. */
  final class ClusterAwayException extends Exception {
    public ClusterAwayException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
