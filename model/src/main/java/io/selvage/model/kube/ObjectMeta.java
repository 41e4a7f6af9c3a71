// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The part of {@code metadata} that Selvage reads.
 *
 * @param namespace empty for cluster-scoped objects; a folder source fills in {@code default} where
 *     a namespaced object omits it
 * @param generation 0 where the source does not count generations (a folder)
 * @param creationTimestamp RFC 3339 text; empty where unknown. Older wins between rivals, so it is
 *     kept as text and compared as text
 * @param deletionTimestamp RFC 3339 text; empty unless the object is being deleted
 * @param ownerReferences read for pods and what stands between them and their workload; empty for
 *     other kinds that come from the API server
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ObjectMeta(
    String name,
    String namespace,
    Map<String, String> labels,
    Map<String, String> annotations,
    String uid,
    String resourceVersion,
    long generation,
    String creationTimestamp,
    String deletionTimestamp,
    List<OwnerReference> ownerReferences) {
  @JsonCreator
  public ObjectMeta(
      @JsonProperty("name") @Nullable String name,
      @JsonProperty("namespace") @Nullable String namespace,
      @JsonProperty("labels") @Nullable Map<String, String> labels,
      @JsonProperty("annotations") @Nullable Map<String, String> annotations,
      @JsonProperty("uid") @Nullable String uid,
      @JsonProperty("resourceVersion") @Nullable String resourceVersion,
      @JsonProperty("generation") long generation,
      @JsonProperty("creationTimestamp") @Nullable String creationTimestamp,
      @JsonProperty("deletionTimestamp") @Nullable String deletionTimestamp,
      @JsonProperty("ownerReferences") @Nullable List<OwnerReference> ownerReferences) {
    this.name = orEmpty(name);
    this.namespace = orEmpty(namespace);
    this.labels = copy(labels);
    this.annotations = copy(annotations);
    this.uid = orEmpty(uid);
    this.resourceVersion = orEmpty(resourceVersion);
    this.generation = generation;
    this.creationTimestamp = orEmpty(creationTimestamp);
    this.deletionTimestamp = orEmpty(deletionTimestamp);
    this.ownerReferences = Lists.copy(ownerReferences);
  }

  /** Metadata of an object that nothing owns and nobody deletes. */
  public ObjectMeta(
      @Nullable String name,
      @Nullable String namespace,
      @Nullable Map<String, String> labels,
      @Nullable Map<String, String> annotations,
      @Nullable String uid,
      @Nullable String resourceVersion,
      long generation,
      @Nullable String creationTimestamp) {
    this(
        name,
        namespace,
        labels,
        annotations,
        uid,
        resourceVersion,
        generation,
        creationTimestamp,
        null,
        null);
  }

  /** Metadata with a name and nothing else, for objects made in code and in tests. */
  public static ObjectMeta of(String namespace, String name) {
    return new ObjectMeta(name, namespace, null, null, null, null, 0, null);
  }

  /** The same metadata in another namespace. */
  public ObjectMeta inNamespace(String other) {
    return new ObjectMeta(
        name,
        other,
        labels,
        annotations,
        uid,
        resourceVersion,
        generation,
        creationTimestamp,
        deletionTimestamp,
        ownerReferences);
  }

  private static String orEmpty(@Nullable String s) {
    return s == null ? "" : s;
  }

  private static Map<String, String> copy(@Nullable Map<String, String> m) {
    if (m == null || m.isEmpty()) {
      return Map.of();
    }
    // A YAML value may be null ("key:"); Kubernetes reads that as the empty string.
    var out = new java.util.LinkedHashMap<String, String>();
    m.forEach((k, v) -> out.put(k, v == null ? "" : v));
    return java.util.Collections.unmodifiableMap(out);
  }
}
