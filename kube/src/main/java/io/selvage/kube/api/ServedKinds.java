// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.fabric8.kubernetes.api.model.APIResourceList;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.kube.Kind;
import java.net.HttpURLConnection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which version of a kind the API server serves. The kinds of Kubernetes itself are taken for
 * granted; custom ones are looked up until they are installed. Thread-safe.
 */
public final class ServedKinds {
  private final KubernetesClient client;
  private final Map<Kind<?>, ResourceDefinitionContext> found = new HashMap<>();

  ServedKinds(KubernetesClient client) {
    this.client = client;
  }

  /**
   * Where a kind is found: the first of its accepted versions that is served.
   *
   * @return empty if the API server serves none of them
   * @throws KubernetesClientException if the API server could not be asked
   */
  public synchronized Optional<ResourceDefinitionContext> find(Kind<?> kind) {
    var known = found.get(kind);
    if (known != null) {
      return Optional.of(known);
    }
    for (String version : kind.versions()) {
      if (!kind.group().equals(EmissaryKinds.GROUP) || isServed(kind, version)) {
        var context =
            new ResourceDefinitionContext.Builder()
                .withGroup(kind.group())
                .withVersion(version)
                .withKind(kind.name())
                .withPlural(kind.plural())
                .withNamespaced(kind.namespaced())
                .build();
        found.put(kind, context);
        return Optional.of(context);
      }
    }
    return Optional.empty();
  }

  /** What {@link #find} found before, without asking. */
  synchronized Optional<ResourceDefinitionContext> known(Kind<?> kind) {
    return Optional.ofNullable(found.get(kind));
  }

  /**
   * Whether the API server has started: before that it may deny kinds that it serves.
   *
   * @throws KubernetesClientException if it has not, or could not be asked
   */
  void awaitReady() {
    try {
      client.raw("/readyz");
    } catch (KubernetesClientException e) {
      // Whoever answers "not found" or "not for you" is up.
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND
          && e.getCode() != HttpURLConnection.HTTP_FORBIDDEN
          && e.getCode() != HttpURLConnection.HTTP_UNAUTHORIZED) {
        throw e;
      }
    }
  }

  private boolean isServed(Kind<?> kind, String version) {
    try {
      APIResourceList resources = client.getApiResources(kind.group() + "/" + version);
      return resources != null
          && resources.getResources().stream().anyMatch(r -> kind.plural().equals(r.getName()));
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }
}
