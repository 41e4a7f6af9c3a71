// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.pod;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Whether a pod gets a sidecar. Pure: the same pod in the same namespace, the same answer. */
public sealed interface InjectionDecision {
  /** Where the annotation stood that decided. */
  enum AnnotationAt {
    NAMESPACE,
    WORKLOAD,
    NOWHERE;

    /** For metrics. */
    public String label() {
      return this == NOWHERE ? "" : name().toLowerCase(Locale.ROOT);
    }
  }

  AnnotationAt annotationAt();

  /** It gets one. */
  record Inject(AnnotationAt annotationAt) implements InjectionDecision {
    public Inject {
      requireNonNull(annotationAt, "annotationAt");
    }
  }

  /** It gets none; the reasons are never empty. */
  record Skip(AnnotationAt annotationAt, List<SkipReason> reasons) implements InjectionDecision {
    public Skip {
      requireNonNull(annotationAt, "annotationAt");
      reasons = List.copyOf(reasons);
    }

    /** All reasons for a person. */
    public String text() {
      return reasons.stream().map(SkipReason::text).collect(Collectors.joining(", "));
    }
  }

  /** It has ours already: nothing is to be done, and nothing to be said. */
  record Present(AnnotationAt annotationAt) implements InjectionDecision {
    public Present {
      requireNonNull(annotationAt, "annotationAt");
    }
  }

  /**
   * Decides.
   *
   * @param namespace annotations of the pod's namespace
   * @param acceptLinkerd whether {@code linkerd.io/inject} counts where {@code selvage.io/inject}
   *     does not stand
   */
  static InjectionDecision of(PodTree pod, Map<String, String> namespace, boolean acceptLinkerd) {
    Wish ofPod = Wish.of(pod.annotations(), acceptLinkerd);
    Wish ofNamespace = Wish.of(namespace, acceptLinkerd);
    boolean podSays = ofPod != Wish.NONE;
    AnnotationAt at =
        podSays
            ? AnnotationAt.WORKLOAD
            : ofNamespace == Wish.NONE ? AnnotationAt.NOWHERE : AnnotationAt.NAMESPACE;
    if (Sidecars.hasOurs(pod)) {
      return new Present(at);
    }
    var reasons = new ArrayList<SkipReason>();
    switch (podSays ? ofPod : ofNamespace) {
      case NONE -> reasons.add(SkipReason.INJECTION_ENABLE_ANNOTATION_ABSENT);
      case DISABLED -> reasons.add(SkipReason.INJECTION_DISABLE_ANNOTATION_PRESENT);
      case ENABLED, INVALID -> {
        // Wanted, as far as this goes.
      }
    }
    if (ofPod == Wish.INVALID) {
      reasons.add(SkipReason.INVALID_INJECT_ANNOTATION_AT_WORKLOAD);
    }
    if (ofNamespace == Wish.INVALID) {
      reasons.add(SkipReason.INVALID_INJECT_ANNOTATION_AT_NS);
    }
    if (reasons.isEmpty()) {
      reasons.addAll(obstacles(pod));
    }
    return reasons.isEmpty() ? new Inject(at) : new Skip(at, reasons);
  }

  /** Why a pod cannot have a sidecar, whatever is wished; empty if it can. */
  static List<SkipReason> obstacles(PodTree pod) {
    var reasons = new ArrayList<SkipReason>();
    if (pod.hostNetwork()) {
      reasons.add(SkipReason.HOST_NETWORK_ENABLED);
    }
    if (Sidecars.hasAny(pod)) {
      reasons.add(SkipReason.SIDECAR_ALREADY_EXISTS);
    }
    if (!pod.operatingSystem().equals("linux")) {
      reasons.add(SkipReason.UNSUPPORTED_OPERATING_SYSTEM);
    }
    return List.copyOf(reasons);
  }

  /** What an annotation asks for. */
  enum Wish {
    NONE,
    ENABLED,
    DISABLED,
    INVALID;

    static Wish of(Map<String, String> annotations, boolean acceptLinkerd) {
      String value = annotations.get(MeshNames.INJECT);
      if (value == null && acceptLinkerd) {
        value = annotations.get(MeshNames.LINKERD_INJECT);
      }
      return parse(value);
    }

    private static Wish parse(@Nullable String value) {
      return switch (value) {
        case null -> NONE;
        case "enabled", "ingress" -> ENABLED;
        case "disabled" -> DISABLED;
        default -> INVALID;
      };
    }
  }

  /** Sidecars that a pod may bring along. */
  final class Sidecars {
    private static final Set<String> NAMES =
        Set.of(
            MeshNames.PROXY_CONTAINER,
            MeshNames.INIT_CONTAINER,
            "linkerd-proxy",
            "linkerd-init",
            "istio-proxy",
            "istio-init");

    /** Repositories, without registry and tag. */
    private static final Set<String> IMAGES =
        Set.of("linkerd/proxy", "linkerd/proxy-init", "istio/proxyv2", "istio/proxy_init");

    private Sidecars() {}

    /** What we put in: the container together with the label. */
    static boolean hasOurs(PodTree pod) {
      return pod.labels().containsKey(MeshNames.CONTROL_PLANE_NS)
          && all(pod).anyMatch(c -> c.name().equals(MeshNames.PROXY_CONTAINER));
    }

    static boolean hasAny(PodTree pod) {
      return all(pod).anyMatch(c -> NAMES.contains(c.name()) || isSidecar(c.image()));
    }

    private static boolean isSidecar(String image) {
      String bare = image.replaceFirst("@.*$", "").replaceFirst(":[^:/]*$", "");
      return IMAGES.stream().anyMatch(i -> bare.equals(i) || bare.endsWith("/" + i));
    }

    private static Stream<PodTree.Container> all(PodTree pod) {
      return Stream.concat(pod.initContainers().stream(), pod.containers().stream());
    }
  }
}
