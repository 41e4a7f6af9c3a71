// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
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
    String creationTimestamp) {
  @JsonCreator
  public ObjectMeta(
      @JsonProperty("name") @Nullable String name,
      @JsonProperty("namespace") @Nullable String namespace,
      @JsonProperty("labels") @Nullable Map<String, String> labels,
      @JsonProperty("annotations") @Nullable Map<String, String> annotations,
      @JsonProperty("uid") @Nullable String uid,
      @JsonProperty("resourceVersion") @Nullable String resourceVersion,
      @JsonProperty("generation") long generation,
      @JsonProperty("creationTimestamp") @Nullable String creationTimestamp) {
    this.name = orEmpty(name);
    this.namespace = orEmpty(namespace);
    this.labels = copy(labels);
    this.annotations = copy(annotations);
    this.uid = orEmpty(uid);
    this.resourceVersion = orEmpty(resourceVersion);
    this.generation = generation;
    this.creationTimestamp = orEmpty(creationTimestamp);
  }

  /** Metadata with a name and nothing else, for objects made in code and in tests. */
  public static ObjectMeta of(String namespace, String name) {
    return new ObjectMeta(name, namespace, null, null, null, null, 0, null);
  }

  /** The same metadata in another namespace. */
  public ObjectMeta inNamespace(String other) {
    return new ObjectMeta(
        name, other, labels, annotations, uid, resourceVersion, generation, creationTimestamp);
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
