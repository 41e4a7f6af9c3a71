// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.selvage.kube.api.ApiServer;
import io.selvage.kube.api.ServedKinds;
import io.selvage.model.ObjectStatus;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectRef;
import java.net.HttpURLConnection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wanted statuses that are not known to stand at the API server yet, one entry for each object
 * however often it changed. Every write is fenced by the resource version it was decided on.
 * Confined to the writer's thread.
 */
final class StatusQueue {
  private static final Logger log = LoggerFactory.getLogger(StatusQueue.class);
  private static final long PAGE = 500;
  private static final int UNPROCESSABLE = 422;

  /** Kinds whose status is ours to write. */
  private static final Map<String, Kind<?>> KINDS =
      Stream.concat(Stream.of(Kind.INGRESS), EmissaryKinds.ALL.stream())
          .collect(Collectors.toUnmodifiableMap(Kind::name, k -> k));

  private final KubernetesClient client;
  private final ServedKinds served;
  private final Optional<String> namespace;

  private final Map<ObjectRef, WantedStatus> wanted = new HashMap<>();
  private final Map<ObjectRef, WantedStatus> confirmed = new HashMap<>();

  /**
   * Ingresses that carry an address we wrote, in this life or, by their managed fields, a former.
   */
  private final Set<ObjectRef> published = new HashSet<>();

  private final LinkedHashSet<ObjectRef> queue = new LinkedHashSet<>();
  private long written;
  private long failures;

  StatusQueue(KubernetesClient client, ServedKinds served, Optional<String> namespace) {
    this.client = client;
    this.served = served;
    this.namespace = namespace;
  }

  /**
   * Replaces what is wanted.
   *
   * @param addresses what Ingresses publish; empty if unknown, and then they are left alone
   */
  void want(StatusWriter.Report report, Optional<Set<String>> addresses) {
    wanted.clear();
    for (ObjectStatus status : report.statuses()) {
      if (status.object().kind().equals(Kind.INGRESS.name())) {
        boolean serves = status.state() != ObjectStatus.State.INACTIVE;
        addresses.ifPresent(
            a -> wanted.put(status.object(), new WantedStatus.Address(serves ? a : Set.of())));
      } else if (KINDS.containsKey(status.object().kind())) {
        wanted.put(status.object(), WantedStatus.State.of(status));
      }
    }
    Set<ObjectRef> claimed =
        report.statuses().stream().map(ObjectStatus::object).collect(Collectors.toSet());
    for (ObjectRef ref : published) {
      if (!claimed.contains(ref)) {
        wanted.put(ref, new WantedStatus.Address(Set.of()));
      }
    }
    confirmed.keySet().retainAll(wanted.keySet());
    fillQueue();
  }

  private void fillQueue() {
    queue.removeIf(ref -> !wanted.containsKey(ref));
    wanted.forEach((ref, status) -> {
      if (!status.equals(confirmed.get(ref))) {
        queue.add(ref);
      }
    });
  }

  /**
   * Reads every object whose status may be ours, page by page, and keeps in the queue what differs:
   * a new leader of ten thousand Ingresses writes only what its predecessor did not.
   */
  void compareAll() {
    confirmed.clear();
    for (Kind<?> kind : KINDS.values()) {
      boolean needed =
          kind.equals(Kind.INGRESS)
              || wanted.keySet().stream().anyMatch(ref -> ref.kind().equals(kind.name()));
      if (needed) {
        served.find(kind).ifPresent(where -> compareKind(kind, where));
      }
    }
    fillQueue();
    queue.removeIf(ref -> wanted.get(ref) != null && wanted.get(ref).equals(confirmed.get(ref)));
  }

  private void compareKind(Kind<?> kind, ResourceDefinitionContext where) {
    var operation = client.genericKubernetesResources(where);
    String page = null;
    do {
      var options = new ListOptionsBuilder().withLimit(PAGE).withContinue(page).build();
      GenericKubernetesResourceList list =
          namespace.isPresent()
              ? operation.inNamespace(namespace.get()).list(options)
              : operation.inAnyNamespace().list(options);
      for (GenericKubernetesResource object : list.getItems()) {
        compare(kind, object);
      }
      page = list.getMetadata() == null ? null : list.getMetadata().getContinue();
    } while (page != null && !page.isEmpty());
  }

  private void compare(Kind<?> kind, GenericKubernetesResource object) {
    var ref =
        new ObjectRef(
            kind.name(), object.getMetadata().getNamespace(), object.getMetadata().getName());
    Object status = object.getAdditionalProperties().get("status");
    WantedStatus want = wanted.get(ref);
    if (want == null && kind.equals(Kind.INGRESS) && isOurs(object)) {
      // Published by a former life of ours, claimed no more.
      published.add(ref);
      want = new WantedStatus.Address(Set.of());
      wanted.put(ref, want);
    }
    if (want != null && want.isMet(status)) {
      confirmed.put(ref, want);
      if (want instanceof WantedStatus.Address(Set<String> at) && !at.isEmpty()) {
        published.add(ref);
      }
    }
  }

  /** True if the address in this status was last written by a process like this one. */
  private static boolean isOurs(GenericKubernetesResource object) {
    var fields = object.getMetadata().getManagedFields();
    return fields != null
        && fields.stream()
            .anyMatch(f ->
                ApiServer.USER_AGENT.equals(f.getManager()) && "status".equals(f.getSubresource()))
        && !WantedStatus.Address.published(object.getAdditionalProperties().get("status"))
            .isEmpty();
  }

  /**
   * Writes the first of the queue, or drops it if nothing needs writing.
   *
   * @throws KubernetesClientException if the API server is away or busy; the entry stays
   */
  void writeNext() {
    ObjectRef ref = queue.getFirst();
    WantedStatus want = wanted.get(ref);
    Kind<?> kind = KINDS.get(ref.kind());
    Optional<ResourceDefinitionContext> where = kind == null ? Optional.empty() : served.find(kind);
    if (want == null || where.isEmpty()) {
      queue.remove(ref);
      return;
    }
    try {
      write(ref, want, where.get());
      queue.remove(ref);
    } catch (KubernetesClientException e) {
      switch (e.getCode()) {
        case HttpURLConnection.HTTP_CONFLICT -> {
          // Changed since it was read: read again and decide anew, after the others.
          failures++;
          queue.remove(ref);
          queue.add(ref);
        }
        case HttpURLConnection.HTTP_NOT_FOUND -> queue.remove(ref);
        case HttpURLConnection.HTTP_BAD_REQUEST, UNPROCESSABLE -> {
          // Its schema refuses our words (another product's definition): not again until they
          // change.
          failures++;
          log.warn("the status of {} is refused: {}", ref, e.getMessage());
          confirmed.put(ref, want);
          queue.remove(ref);
        }
        default -> {
          // Whatever refuses this one may take the others: they come first next time.
          queue.remove(ref);
          queue.add(ref);
          throw e;
        }
      }
    }
  }

  private void write(ObjectRef ref, WantedStatus want, ResourceDefinitionContext where) {
    var object =
        client
            .genericKubernetesResources(where)
            .inNamespace(ref.namespace())
            .withName(ref.name())
            .get();
    if (object == null) {
      return;
    }
    Object status = object.getAdditionalProperties().get("status");
    if (!want.isMet(status) && mayWrite(want, object)) {
      object.setAdditionalProperty("status", want.applyTo(status));
      client.genericKubernetesResources(where).resource(object).updateStatus();
      written++;
    }
    confirm(ref, want);
  }

  /** What another controller published since is its own to withdraw. */
  private static boolean mayWrite(WantedStatus want, GenericKubernetesResource object) {
    var fields = object.getMetadata().getManagedFields();
    boolean withdraws = want instanceof WantedStatus.Address(Set<String> at) && at.isEmpty();
    return !withdraws || fields == null || fields.isEmpty() || isOurs(object);
  }

  private void confirm(ObjectRef ref, WantedStatus want) {
    confirmed.put(ref, want);
    if (want instanceof WantedStatus.Address(Set<String> at)) {
      if (at.isEmpty()) {
        published.remove(ref);
      } else {
        published.add(ref);
      }
    }
  }

  /** Counts a call that failed and will be tried again. */
  void failed() {
    failures++;
  }

  boolean isEmpty() {
    return queue.isEmpty();
  }

  int size() {
    return queue.size();
  }

  long written() {
    return written;
  }

  long failures() {
    return failures;
  }
}
