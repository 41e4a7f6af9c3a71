// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The few objects that Selvage itself keeps in a cluster, by name and as JSON: its Secrets, its
 * trust roots, its webhook. Calls block; event loops must not make them.
 */
public final class NamedObjects {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final KubernetesClient client;

  public NamedObjects(ApiServer api) {
    this.client = api.client();
  }

  /**
   * A kind of object.
   *
   * @param group empty for the core group
   * @param plural resource name in API paths
   */
  public record Type(String group, String version, String kind, String plural, boolean namespaced) {
    public static final Type SECRET = new Type("", "v1", "Secret", "secrets", true);
    public static final Type CONFIG_MAP = new Type("", "v1", "ConfigMap", "configmaps", true);
    public static final Type NAMESPACE = new Type("", "v1", "Namespace", "namespaces", false);
    public static final Type MUTATING_WEBHOOK =
        new Type(
            "admissionregistration.k8s.io",
            "v1",
            "MutatingWebhookConfiguration",
            "mutatingwebhookconfigurations",
            false);

    public Type {
      requireNonNull(group, "group");
      requireNonNull(version, "version");
      requireNonNull(kind, "kind");
      requireNonNull(plural, "plural");
    }

    /** {@code group/version}, or the bare version in the core group. */
    public String apiVersion() {
      return group.isEmpty() ? version : group + "/" + version;
    }
  }

  /**
   * Reads an object.
   *
   * @param namespace empty for a cluster-scoped kind
   * @return empty if there is none
   * @throws ApiCallException if the API server refused or did not answer
   */
  public Optional<ObjectNode> get(Type type, String namespace, String name) {
    return call("reading", type, name, () -> Optional.ofNullable(at(type, namespace, name).get()))
        .map(NamedObjects::json);
  }

  /**
   * Reads an object as the record of its kind.
   *
   * @return empty if there is none, or it does not fit the record
   * @throws ApiCallException if the API server refused or did not answer
   */
  public Optional<KubeObject> find(Kind<? extends KubeObject> kind, String namespace, String name) {
    Type type =
        new Type(
            kind.group(),
            kind.versions().getFirst(),
            kind.name(),
            kind.plural(),
            kind.namespaced());
    return call("reading", type, name, () -> Optional.ofNullable(at(type, namespace, name).get()))
        .flatMap(found -> Optional.ofNullable(ObjectConversion.convert(kind, found).object()));
  }

  /**
   * Creates an object; {@code apiVersion} and {@code kind} are filled in.
   *
   * @return as it stands now
   * @throws ApiCallException a conflict if it exists
   */
  public ObjectNode create(Type type, ObjectNode object) {
    GenericKubernetesResource resource = resource(type, object);
    return call(
        "creating",
        type,
        resource.getMetadata().getName(),
        () -> json(of(type, resource).create()));
  }

  /**
   * Replaces an object that was read before.
   *
   * @param object with the {@code resourceVersion} it was read with
   * @return as it stands now
   * @throws ApiCallException a conflict if somebody else has changed it since
   */
  public ObjectNode replace(Type type, ObjectNode object) {
    GenericKubernetesResource resource = resource(type, object);
    if (resource.getMetadata().getResourceVersion() == null) {
      throw new IllegalArgumentException("an object is replaced by the version it was read with");
    }
    return call(
        "replacing",
        type,
        resource.getMetadata().getName(),
        () -> json(of(type, resource).update()));
  }

  /**
   * Watches one object, and keeps at it whatever happens to the connection.
   *
   * @param listener told of it as it stands, then of each change; empty when it is gone. Called on
   *     a thread of the client's, one call after another
   * @return ends the watch
   */
  public AutoCloseable watch(
      Type type, String namespace, String name, Consumer<Optional<ObjectNode>> listener) {
    var operation = client.genericKubernetesResources(context(type));
    var informer =
        (type.namespaced() ? operation.inNamespace(namespace) : operation)
            .withField("metadata.name", name)
            .runnableInformer(0);
    informer.exceptionHandler((started, failure) -> true);
    informer.addEventHandler(new SingleObjectHandler(listener, NamedObjects::json));
    informer.start();
    return informer::stop;
  }

  private Resource<GenericKubernetesResource> at(Type type, String namespace, String name) {
    var operation = client.genericKubernetesResources(context(type));
    return type.namespaced()
        ? operation.inNamespace(namespace).withName(name)
        : operation.withName(name);
  }

  private Resource<GenericKubernetesResource> of(Type type, GenericKubernetesResource resource) {
    var operation = client.genericKubernetesResources(context(type));
    return type.namespaced()
        ? operation.inNamespace(resource.getMetadata().getNamespace()).resource(resource)
        : operation.resource(resource);
  }

  static ResourceDefinitionContext context(Type type) {
    return new ResourceDefinitionContext.Builder()
        .withGroup(type.group())
        .withVersion(type.version())
        .withKind(type.kind())
        .withPlural(type.plural())
        .withNamespaced(type.namespaced())
        .build();
  }

  private static GenericKubernetesResource resource(Type type, ObjectNode object) {
    ObjectNode whole = object.deepCopy();
    whole.put("apiVersion", type.apiVersion());
    whole.put("kind", type.kind());
    return MAPPER.convertValue(whole, GenericKubernetesResource.class);
  }

  static ObjectNode json(GenericKubernetesResource resource) {
    return MAPPER.valueToTree(resource);
  }

  private interface Call<T> {
    T make();
  }

  private static <T> T call(String doing, Type type, String name, Call<T> call) {
    try {
      return call.make();
    } catch (KubernetesClientException e) {
      throw ApiCallException.of(doing + " " + type.kind() + " " + name, e);
    }
  }
}
