// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.selvage.kube.manifest.FieldCheck;
import io.selvage.kube.manifest.RecordReader;
import io.selvage.model.Problem;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Objects of the API to records, without what nobody reads: managed fields, status, resource
 * version and chatty annotations, so that a change in those is no change; values of Secrets that no
 * TLS use can name, so that a gateway's heap holds no database password.
 */
final class ObjectConversion {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static final Set<String> DROPPED_ANNOTATIONS =
      Set.of(
          "kubectl.kubernetes.io/last-applied-configuration",
          "endpoints.kubernetes.io/last-change-trigger-time",
          "control-plane.alpha.kubernetes.io/leader");

  /**
   * Secret types with values worth reading; others keep their type, so that a problem can say it.
   */
  private static final Set<String> READ_SECRETS = Set.of("Opaque", "kubernetes.io/tls");

  /** Keys that a Secret is read for: certificates, keys, authorities, revocation lists. */
  private static final Set<String> SECRET_KEYS =
      Set.of(
          "tls.crt",
          "tls.key",
          "ca.crt",
          "user.key",
          "cert-chain.pem",
          "key.pem",
          "root-cert.pem",
          "crl.pem",
          "cert_required");

  /**
   * Kinds whose owners matter. There are many of them, and other programs' annotations on them are
   * large: only those that can concern the mesh are kept.
   */
  private static final Set<Kind<?>> OWNED = Set.of(Kind.POD, Kind.REPLICA_SET, Kind.JOB);

  private static final List<String> MESH_DOMAINS = List.of("selvage.io", "linkerd.io");

  private ObjectConversion() {}

  /**
   * The outcome for one object.
   *
   * @param object null if it does not fit its record
   * @param problems why not, or fields that nobody knows
   */
  record Converted(ObjectRef ref, @Nullable KubeObject object, List<Problem> problems) {}

  static ObjectRef ref(Kind<?> kind, GenericKubernetesResource from) {
    String namespace = from.getMetadata().getNamespace();
    return new ObjectRef(
        kind.name(),
        namespace == null || !kind.namespaced() ? "" : namespace,
        from.getMetadata().getName());
  }

  static Converted convert(Kind<? extends KubeObject> kind, GenericKubernetesResource from) {
    ObjectRef ref = ref(kind, from);
    ObjectNode json = MAPPER.createObjectNode();
    json.put("apiVersion", from.getApiVersion());
    json.put("kind", kind.name());
    json.set("metadata", metadata(kind, ref, from.getMetadata()));
    from.getAdditionalProperties()
        .forEach((name, value) -> {
          if (!name.equals("metadata") && (!name.equals("status") || kind.equals(Kind.POD))) {
            json.set(name, MAPPER.valueToTree(value));
          }
        });
    Object addresses = kind.equals(Kind.NODE) ? from.get("status", "addresses") : null;
    if (addresses != null) {
      // The rest of it changes every few minutes, and lists every image there is.
      json.putObject("status").set("addresses", MAPPER.valueToTree(addresses));
    }
    if (kind.equals(Kind.SECRET)) {
      reduceSecret(json);
    }
    try {
      KubeObject object = RecordReader.read(kind, json);
      return new Converted(ref, object, unknownFields(kind, ref, json));
    } catch (RecordReader.UnreadableException e) {
      return new Converted(ref, null, List.of(Problem.error(ref, e.field(), e.reason(), e.text())));
    }
  }

  /**
   * The API server checks its own kinds; a custom resource may keep what its schema does not name.
   */
  private static List<Problem> unknownFields(Kind<?> kind, ObjectRef ref, ObjectNode json) {
    if (!kind.group().equals(EmissaryKinds.GROUP)) {
      return List.of();
    }
    return FieldCheck.unknownFields(kind, json).stream()
        .map(f -> Problem.warning(ref, f, "UnknownField", "the field is unknown and ignored"))
        .toList();
  }

  private static ObjectNode metadata(Kind<?> kind, ObjectRef ref, ObjectMeta from) {
    ObjectNode metadata = MAPPER.createObjectNode();
    metadata.put("name", ref.name());
    metadata.put("namespace", ref.namespace());
    metadata.put("uid", from.getUid());
    metadata.put("creationTimestamp", from.getCreationTimestamp());
    metadata.put("generation", from.getGeneration() == null ? 0 : from.getGeneration());
    if (from.getLabels() != null) {
      metadata.set("labels", MAPPER.valueToTree(from.getLabels()));
    }
    if (OWNED.contains(kind)) {
      metadata.put("deletionTimestamp", from.getDeletionTimestamp());
      if (from.getOwnerReferences() != null) {
        metadata.set("ownerReferences", MAPPER.valueToTree(from.getOwnerReferences()));
      }
    }
    boolean endpoints = kind.equals(Kind.ENDPOINT_SLICE) || kind.equals(Kind.ENDPOINTS);
    Map<String, String> annotations = from.getAnnotations();
    if (annotations != null && !endpoints) {
      ObjectNode kept = metadata.putObject("annotations");
      annotations.forEach((name, value) -> {
        if (OWNED.contains(kind) ? isMeshAnnotation(name) : !DROPPED_ANNOTATIONS.contains(name)) {
          kept.put(name, value);
        }
      });
    }
    return metadata;
  }

  /** {@code selvage.io/..}, {@code config.selvage.io/..} and the same of Linkerd. */
  private static boolean isMeshAnnotation(String name) {
    int slash = name.indexOf('/');
    String domain = slash < 0 ? "" : name.substring(0, slash);
    return MESH_DOMAINS.stream().anyMatch(d -> domain.equals(d) || domain.endsWith("." + d));
  }

  private static void reduceSecret(ObjectNode secret) {
    String type = secret.path("type").asText("Opaque");
    if (READ_SECRETS.contains(type) && secret.get("data") instanceof ObjectNode data) {
      data.retain(SECRET_KEYS);
    } else {
      secret.remove("data");
    }
  }
}
