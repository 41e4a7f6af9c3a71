// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.webhook;

import static java.util.Objects.requireNonNull;

import io.selvage.injector.config.ProxyConfig;
import io.selvage.injector.config.ProxyConfig.InvalidConfigException;
import io.selvage.injector.patch.NameTakenException;
import io.selvage.injector.patch.PodMutator;
import io.selvage.injector.pod.BadPodException;
import io.selvage.injector.pod.InjectionDecision;
import io.selvage.injector.pod.InjectionDecision.Inject;
import io.selvage.injector.pod.InjectionDecision.Present;
import io.selvage.injector.pod.InjectionDecision.Skip;
import io.selvage.injector.pod.PodTree;
import io.selvage.injector.pod.SkipReason;
import io.selvage.injector.webhook.ClusterView.ClusterAwayException;
import io.selvage.kube.EventSink;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.kube.OwnerReference;
import io.selvage.model.kube.Workloads;
import io.selvage.model.kube.Workloads.Workload;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Answers admission reviews. Whatever a review holds, the answer is a patch, leave or a refusal in
 * words; nothing in it is believed further than it was looked at. Blocks while it asks the cluster.
 */
public final class AdmissionHandler {
  /** Half of what is written in all: the rest is for others of this process. */
  static final int EVENTS_PER_SECOND = 10;

  static final int EVENTS_AT_ONCE = 200;

  private final ClusterView cluster;
  private final PodMutator mutator;
  private final EventSink events;
  private final AdmissionMetrics metrics;
  private final boolean acceptLinkerd;
  private final boolean onlyApiServer;
  private final Allowance allowance = new Allowance(EVENTS_PER_SECOND, EVENTS_AT_ONCE);

  /**
   * @param acceptLinkerd whether Linkerd's annotations count where ours do not stand
   * @param onlyApiServer whether nobody else can send a review, because it has to show a
   *     certificate. Otherwise what a review says of a pod's owners is not believed
   */
  public AdmissionHandler(
      ClusterView cluster,
      PodMutator mutator,
      EventSink events,
      AdmissionMetrics metrics,
      boolean acceptLinkerd,
      boolean onlyApiServer) {
    this.cluster = requireNonNull(cluster, "cluster");
    this.mutator = requireNonNull(mutator, "mutator");
    this.events = requireNonNull(events, "events");
    this.metrics = requireNonNull(metrics, "metrics");
    this.acceptLinkerd = acceptLinkerd;
    this.onlyApiServer = onlyApiServer;
  }

  /**
   * Answers one review.
   *
   * @param body JSON
   * @return JSON
   * @throws BadReviewException if it is no review: 400
   * @throws ClusterAwayException if the cluster cannot be asked: 503, and the API server does what
   *     its failure policy says
   */
  public byte[] handle(byte[] body) throws BadReviewException, ClusterAwayException {
    AdmissionReview review = AdmissionReview.parse(body);
    if (!review.isNewPod()) {
      metrics.skipped(
          review.kind(), review.namespace(), "", SkipReason.UNSUPPORTED_RESOURCE.code());
      return review.allowed(List.of());
    }
    PodTree pod;
    try {
      pod = PodTree.of(review.object());
    } catch (BadPodException e) {
      metrics.denied("Pod", review.namespace(), "bad_pod");
      return review.denied("selvage: " + e.getMessage());
    }
    return answer(review, pod);
  }

  private byte[] answer(AdmissionReview review, PodTree pod) throws ClusterAwayException {
    Map<String, String> namespace = cluster.namespaceAnnotations(review.namespace());
    InjectionDecision decision = InjectionDecision.of(pod, namespace, acceptLinkerd);
    // Most pods of most clusters are nobody's business: nothing is asked for because of them.
    boolean ask =
        switch (decision) {
          case Present _ -> false;
          case Skip skip -> skip.reasons().stream().anyMatch(SkipReason::isSurprising);
          case Inject _ -> true;
        };
    Owner owner = owner(pod, review.namespace(), ask);
    String at;
    switch (decision) {
      case Present(var where) -> {
        metrics.skipped(owner.kind(), review.namespace(), where.label(), "already_injected");
        return review.allowed(List.of());
      }
      case Skip skip -> {
        return skipped(review, skip, owner);
      }
      case Inject(var where) -> at = where.label();
    }
    try {
      ProxyConfig config =
          ProxyConfig.read(
              pod.annotations(), namespace, acceptLinkerd, mutator.settings().defaults());
      var mutation = mutator.mutate(pod, config, owner.workload());
      metrics.injected(owner.kind(), review.namespace(), at);
      tell(review, owner, EventSink.Type.NORMAL, "Injected", "Selvage sidecar proxy injected");
      return review.patched(mutation.patch().json(), prefixed(mutation.warnings()));
    } catch (InvalidConfigException | NameTakenException e) {
      metrics.denied(
          owner.kind(),
          review.namespace(),
          e instanceof NameTakenException ? "name_taken" : "invalid_config_annotation");
      tell(
          review,
          owner,
          EventSink.Type.WARNING,
          "InjectionDenied",
          "Selvage sidecar proxy cannot be injected: " + e.getMessage());
      return review.denied("selvage: " + e.getMessage());
    }
  }

  private byte[] skipped(AdmissionReview review, Skip skip, Owner owner) {
    metrics.skipped(
        owner.kind(),
        review.namespace(),
        skip.annotationAt().label(),
        skip.reasons().getFirst().code());
    // Silence where nobody asked: most pods of most clusters.
    if (skip.reasons().stream().noneMatch(SkipReason::isSurprising)) {
      return review.allowed(List.of());
    }
    String text = "Selvage sidecar proxy injection skipped: " + skip.text();
    tell(review, owner, EventSink.Type.NORMAL, "InjectionSkipped", text);
    return review.allowed(prefixed(List.of(text)));
  }

  private void tell(
      AdmissionReview review, Owner owner, EventSink.Type type, String reason, String message) {
    // A pod has no name yet and may never come to be: Events stand at its owner.
    if (!review.dryRun() && owner.subject().isPresent() && allowance.take(System.nanoTime())) {
      events.record(new EventSink.Event(owner.subject().get(), type, reason, message));
    }
  }

  private static List<String> prefixed(List<String> warnings) {
    return warnings.stream().map(w -> w.startsWith("Selvage") ? w : "Selvage: " + w).toList();
  }

  /**
   * Whom a pod belongs to.
   *
   * @param subject where Events go: the workload itself if it could be found, else what controls
   *     the pod; empty if it is not certain that it is there
   */
  private record Owner(Workload workload, Optional<EventSink.Subject> subject) {
    String kind() {
      return workload.kind();
    }
  }

  /**
   * @param ask whether the cluster is to be asked; otherwise the workload is guessed
   */
  private Owner owner(PodTree pod, String namespace, boolean ask) {
    var metadata =
        new ObjectMeta(
            pod.name(),
            namespace,
            pod.labels(),
            null,
            pod.uid(),
            null,
            0,
            null,
            null,
            pod.owners());
    var direct = Workloads.controllerOf(metadata.ownerReferences());
    if (direct.isEmpty()) {
      return new Owner(new Workload(namespace, "Pod", pod.name()), Optional.empty());
    }
    Optional<ObjectMeta> between =
        ask
            ? cluster.between(direct.get().kind(), namespace, direct.get().name())
            : Optional.empty();
    Optional<OwnerReference> believed =
        between.filter(b -> b.uid().equals(direct.get().uid())).isPresent() || onlyApiServer
            ? direct
            : Optional.empty();
    return new Owner(
        Workloads.ownerOf(metadata, between),
        believed.map(owner -> {
          OwnerReference top =
              between.flatMap(b -> Workloads.controllerOf(b.ownerReferences())).orElse(owner);
          return new EventSink.Subject(
              top.apiVersion(), top.kind(), namespace, top.name(), top.uid());
        }));
  }
}
