// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What an informer remembers of an object: its name and resource version, nothing else. The content
 * lives once, reduced, in the cluster state; Secrets and managed fields are not kept a second time.
 */
final class VersionStore implements ItemStore<GenericKubernetesResource> {
  private final Map<String, String> versions = new ConcurrentHashMap<>();

  @Override
  public String getKey(GenericKubernetesResource object) {
    return Cache.metaNamespaceKeyFunc(object);
  }

  @Override
  public @Nullable GenericKubernetesResource put(String key, GenericKubernetesResource object) {
    String version = object.getMetadata().getResourceVersion();
    return restore(key, versions.put(key, version == null ? "" : version));
  }

  @Override
  public @Nullable GenericKubernetesResource remove(String key) {
    return restore(key, versions.remove(key));
  }

  @Override
  public Stream<String> keySet() {
    return versions.keySet().stream();
  }

  @Override
  public Stream<GenericKubernetesResource> values() {
    return versions.entrySet().stream().map(e -> resource(e.getKey(), e.getValue()));
  }

  @Override
  public int size() {
    return versions.size();
  }

  @Override
  public @Nullable GenericKubernetesResource get(String key) {
    return restore(key, versions.get(key));
  }

  /** Makes the informer hand out objects as they come instead of reading them back from here. */
  @Override
  public boolean isFullState() {
    return false;
  }

  private static @Nullable GenericKubernetesResource restore(String key, @Nullable String version) {
    return version == null ? null : resource(key, version);
  }

  private static GenericKubernetesResource resource(String key, String version) {
    int slash = key.indexOf('/');
    var metadata =
        new ObjectMetaBuilder()
            .withNamespace(slash < 0 ? null : key.substring(0, slash))
            .withName(key.substring(slash + 1))
            .withResourceVersion(version)
            .build();
    var object = new GenericKubernetesResource();
    object.setMetadata(metadata);
    return object;
  }
}
