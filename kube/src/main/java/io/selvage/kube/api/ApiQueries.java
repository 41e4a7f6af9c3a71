// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.APIGroup;
import io.fabric8.kubernetes.api.model.APIResource;
import io.fabric8.kubernetes.api.model.APIResourceList;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GroupVersionForDiscovery;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.LocalPortForward;
import io.fabric8.kubernetes.client.VersionInfo;
import io.selvage.kube.api.NamedObjects.Type;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a command asks an API server on behalf of its user: its version, objects by label, and what
 * the user may do. Nothing is changed. Calls block.
 */
public final class ApiQueries {
  private static final Duration PAGE_TIMEOUT = Duration.ofSeconds(5);

  /** Objects that one answer of {@link #some} carries. */
  private static final int PAGE_OBJECTS = 500;

  /** Largest page in bytes: a proxy's metrics are some hundred KiB. */
  private static final long MAX_PAGE_BYTES = 16L * 1024 * 1024;

  private final KubernetesClient client;
  private final NamedObjects objects;

  /** Namespaces to whose pods the user may open ports. */
  private final Set<String> reachable = ConcurrentHashMap.newKeySet();

  public ApiQueries(ApiServer api) {
    this.client = api.client();
    this.objects = new NamedObjects(api);
  }

  /**
   * Version of Kubernetes.
   *
   * @param text as the server says it, such as {@code v1.36.2}
   */
  public record Version(int major, int minor, String text) {
    public Version {
      requireNonNull(text, "text");
    }

    public boolean isAtLeast(int wantedMajor, int wantedMinor) {
      return major > wantedMajor || major == wantedMajor && minor >= wantedMinor;
    }
  }

  /**
   * The server's version.
   *
   * @throws ApiCallException if it could not be asked
   */
  public Version version() {
    try {
      VersionInfo info = client.getKubernetesVersion();
      if (info == null) {
        return new Version(0, 0, "unknown");
      }
      return new Version(
          number(info.getMajor()),
          number(info.getMinor()),
          info.getGitVersion() == null ? "unknown" : info.getGitVersion());
    } catch (KubernetesClientException e) {
      throw ApiCallException.of("asking for the version", e);
    }
  }

  /** Where the API server is, for messages. */
  public String url() {
    return client.getMasterUrl().toString();
  }

  /** Some providers say {@code 29+}. */
  private static int number(String text) {
    String digits = text == null ? "" : text.replaceAll("\\D.*$", "");
    return digits.isEmpty() ? 0 : Integer.parseInt(digits);
  }

  /**
   * Reads an object.
   *
   * @throws ApiCallException if the API server refused or did not answer
   */
  public Optional<ObjectNode> get(Type type, String namespace, String name) {
    return objects.get(type, namespace, name);
  }

  /**
   * Some objects of a kind.
   *
   * @param more whether there are more than were asked for
   */
  public record Some(List<ObjectNode> items, boolean more) {
    public Some {
      items = List.copyOf(items);
    }
  }

  /**
   * Lists objects, but no more than some, in pages.
   *
   * @param namespace empty for all of them, and for a cluster-scoped kind
   * @param max at least 1
   * @return empty also where the kind is not served
   * @throws ApiCallException if the API server refused or did not answer
   */
  public Some some(Type type, String namespace, int max) {
    var items = new ArrayList<ObjectNode>();
    var operation = client.genericKubernetesResources(NamedObjects.context(type));
    var scoped =
        !type.namespaced()
            ? operation
            : namespace.isEmpty() ? operation.inAnyNamespace() : operation.inNamespace(namespace);
    @Nullable String next = null;
    try {
      do {
        var page =
            scoped.list(
                new ListOptionsBuilder()
                    .withLimit((long) Math.min(PAGE_OBJECTS, max + 1 - items.size()))
                    .withContinue(next)
                    .build());
        page.getItems().forEach(item -> items.add(typed(NamedObjects.json(item), type)));
        next = page.getMetadata() == null ? null : page.getMetadata().getContinue();
      } while (next != null && !next.isEmpty() && items.size() <= max);
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return new Some(List.of(), false);
      }
      throw ApiCallException.of("listing " + type.plural(), e);
    }
    boolean more = items.size() > max;
    return new Some(more ? items.subList(0, max) : items, more);
  }

  /**
   * Lists objects.
   *
   * @param namespace empty for all of them, and for a cluster-scoped kind
   * @param selector labels, as {@code kubectl -l} takes them; empty for all objects
   * @return empty also where the kind is not served
   * @throws ApiCallException if the API server refused or did not answer
   */
  public List<ObjectNode> list(Type type, String namespace, String selector) {
    try {
      var operation = client.genericKubernetesResources(NamedObjects.context(type));
      var scoped =
          !type.namespaced()
              ? operation
              : namespace.isEmpty() ? operation.inAnyNamespace() : operation.inNamespace(namespace);
      var found = selector.isEmpty() ? scoped.list() : scoped.withLabelSelector(selector).list();
      return found.getItems().stream()
          .map(NamedObjects::json)
          .map(json -> typed(json, type))
          .toList();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return List.of();
      }
      throw ApiCallException.of("listing " + type.plural(), e);
    }
  }

  /**
   * What the API server would make of an object, its admission included; nothing is made (dry run).
   *
   * @throws ApiCallException if the API server refused or did not answer
   */
  public ObjectNode wouldCreate(Type type, String namespace, ObjectNode object) {
    try {
      GenericKubernetesResource wanted =
          client
              .getKubernetesSerialization()
              .unmarshal(object.toString(), GenericKubernetesResource.class);
      return NamedObjects.json(
          client
              .genericKubernetesResources(NamedObjects.context(type))
              .inNamespace(namespace)
              .resource(wanted)
              .dryRun()
              .create());
    } catch (KubernetesClientException e) {
      throw ApiCallException.of("a dry run of creating " + type.plural() + " in " + namespace, e);
    }
  }

  /** Items of a list do not say what they are. */
  private static ObjectNode typed(ObjectNode json, Type type) {
    return json.put("apiVersion", type.apiVersion()).put("kind", type.kind());
  }

  /**
   * The resources of a group and version that the API server serves, by their plural names.
   *
   * @param apiVersion such as {@code apps/v1}
   * @return empty if it serves none
   * @throws ApiCallException if it could not be asked
   */
  public Set<String> served(String apiVersion) {
    try {
      APIResourceList resources = client.getApiResources(apiVersion);
      return resources == null
          ? Set.of()
          : resources.getResources().stream().map(APIResource::getName).collect(Collectors.toSet());
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return Set.of();
      }
      throw ApiCallException.of("asking for " + apiVersion, e);
    }
  }

  /**
   * Every kind of object that there can be in a namespace and that can be listed, once, by the
   * version that the API server prefers where it serves several.
   *
   * @throws ApiCallException if it could not be asked, for one group of many too
   */
  public List<Type> listable() {
    var types = new ArrayList<Type>();
    try {
      addListable("", "v1", types);
      var groups = client.getApiGroups();
      for (APIGroup group : groups == null ? List.<APIGroup>of() : groups.getGroups()) {
        GroupVersionForDiscovery preferred = group.getPreferredVersion();
        if (preferred != null) {
          addListable(group.getName(), preferred.getVersion(), types);
        }
        for (GroupVersionForDiscovery version : group.getVersions()) {
          addListable(group.getName(), version.getVersion(), types);
        }
      }
      return types;
    } catch (KubernetesClientException e) {
      throw ApiCallException.of("asking for the kinds of objects", e);
    }
  }

  private void addListable(String group, String version, List<Type> to) {
    APIResourceList resources =
        client.getApiResources(group.isEmpty() ? version : group + "/" + version);
    if (resources == null) {
      return;
    }
    for (APIResource resource : resources.getResources()) {
      if (Boolean.TRUE.equals(resource.getNamespaced())
          && resource.getVerbs().contains("list")
          && !resource.getName().contains("/")
          && to.stream()
              .noneMatch(known ->
                  known.group().equals(group) && known.plural().equals(resource.getName()))) {
        to.add(new Type(group, version, resource.getKind(), resource.getName(), true));
      }
    }
  }

  /**
   * The kind of an object, as the API server knows it.
   *
   * @param apiVersion such as {@code apps/v1}
   * @return empty if it serves no such kind
   * @throws ApiCallException if it could not be asked
   */
  public Optional<Type> type(String apiVersion, String kind) {
    try {
      APIResourceList resources = client.getApiResources(apiVersion);
      int slash = apiVersion.indexOf('/');
      return resources == null
          ? Optional.empty()
          : resources.getResources().stream()
              // A subresource, such as pods/status, may be of the same kind.
              .filter(r -> kind.equals(r.getKind()) && !r.getName().contains("/"))
              .map(r ->
                  new Type(
                      slash < 0 ? "" : apiVersion.substring(0, slash),
                      apiVersion.substring(slash + 1),
                      kind,
                      r.getName(),
                      Boolean.TRUE.equals(r.getNamespaced())))
              .findFirst();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return Optional.empty();
      }
      throw ApiCallException.of("asking for " + apiVersion, e);
    }
  }

  /**
   * What the API server's clock shows, to the second, by its {@code Date} header (RFC 9110, section
   * 6.6.1).
   *
   * @return empty if it does not say
   * @throws ApiCallException if it did not answer
   */
  public Optional<Instant> clock() {
    String what = "asking for the time";
    var http = client.getHttpClient();
    try {
      var answer =
          http.sendAsync(
                  http.newHttpRequestBuilder()
                      .uri(client.getMasterUrl() + "version")
                      .timeout(PAGE_TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                      .build(),
                  byte[].class)
              .get(2 * PAGE_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
      String date = answer.header("Date");
      return date == null
          ? Optional.empty()
          : Optional.of(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    } catch (ExecutionException | TimeoutException e) {
      throw ApiCallException.unanswered(what, "no answer");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiCallException.unanswered(what, "interrupted");
    }
  }

  /**
   * Whether the user may do something.
   *
   * @param namespace empty for a cluster-scoped kind, and for all namespaces
   * @throws ApiCallException if the API server could not be asked
   */
  public boolean may(String verb, Type type, String namespace) {
    return may(new Right(verb, type.group(), type.plural(), "", namespace));
  }

  /**
   * Something somebody may be permitted.
   *
   * @param group of the API; empty for the core
   * @param resource plural, or {@code pods/status} for a part of it
   * @param name of the only object; empty for all of them
   * @param namespace empty for a cluster-scoped kind, and for all namespaces
   */
  public record Right(String verb, String group, String resource, String name, String namespace) {
    public Right {
      requireNonNull(verb, "verb");
      requireNonNull(group, "group");
      requireNonNull(resource, "resource");
      requireNonNull(name, "name");
      requireNonNull(namespace, "namespace");
    }

    /** {@code update secrets "x" in the namespace y}. */
    @Override
    public String toString() {
      return verb
          + " "
          + resource
          + (group.isEmpty() ? "" : "." + group)
          + (name.isEmpty() ? "" : " \"" + name + "\"")
          + (namespace.isEmpty() ? "" : " in the namespace " + namespace);
    }
  }

  /**
   * Whether the user has a right.
   *
   * @throws ApiCallException if the API server could not be asked
   */
  public boolean may(Right right) {
    int slash = right.resource().indexOf('/');
    var review =
        new SelfSubjectAccessReviewBuilder()
            .withNewSpec()
            .withNewResourceAttributes()
            .withGroup(right.group())
            .withResource(slash < 0 ? right.resource() : right.resource().substring(0, slash))
            .withSubresource(slash < 0 ? null : right.resource().substring(slash + 1))
            .withName(right.name().isEmpty() ? null : right.name())
            .withNamespace(right.namespace().isEmpty() ? null : right.namespace())
            .withVerb(right.verb())
            .endResourceAttributes()
            .endSpec()
            .build();
    try {
      var status = client.authorization().v1().selfSubjectAccessReview().create(review).getStatus();
      return status != null && Boolean.TRUE.equals(status.getAllowed());
    } catch (KubernetesClientException e) {
      throw ApiCallException.of("SelfSubjectAccessReview", e);
    }
  }

  /**
   * A page of a pod, by port-forward and with the user's rights: no NetworkPolicy stands in its
   * way.
   *
   * @param path with its leading slash
   * @throws ApiCallException if the user may not, or the pod does not answer
   */
  public String podPage(String namespace, String pod, int port, String path) {
    String what = "asking pod " + namespace + "/" + pod;
    try {
      // Once a namespace: what the API server permits does not change within a command.
      if (!reachable.contains(namespace)) {
        PodPort.requirePermission(client, namespace);
        reachable.add(namespace);
      }
    } catch (IOException e) {
      throw ApiCallException.unanswered(what, String.valueOf(e.getMessage()));
    }
    try (LocalPortForward forward =
            client.pods().inNamespace(namespace).withName(pod).portForward(port);
        HttpClient http = HttpClient.newBuilder().connectTimeout(PAGE_TIMEOUT).build()) {
      URI page = URI.create("http://127.0.0.1:" + forward.getLocalPort() + path);
      HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(page).timeout(PAGE_TIMEOUT).build(),
              BodyHandlers.limiting(BodyHandlers.ofString(), MAX_PAGE_BYTES));
      if (answer.statusCode() != HttpURLConnection.HTTP_OK) {
        throw new IOException("it answered " + answer.statusCode());
      }
      return answer.body();
    } catch (KubernetesClientException e) {
      throw ApiCallException.of(what, e);
    } catch (IOException e) {
      throw ApiCallException.unanswered(what, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiCallException.unanswered(what, "interrupted");
    }
  }
}
