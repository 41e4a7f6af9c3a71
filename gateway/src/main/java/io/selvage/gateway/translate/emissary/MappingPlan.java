// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.Mapping;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.Shadow;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One Mapping, translated by itself: before it is attached to Hosts and grouped with others.
 *
 * @param effect what it does with a request
 * @param agreement the fields all members of a group must agree on, as texts by field name
 * @param weight as written
 */
record MappingPlan(
    Mapping mapping,
    MappingMatch match,
    Effect effect,
    Map<String, String> agreement,
    Optional<Integer> weight) {

  /** Older first, then by name: the order in which members enter a group. */
  static final Comparator<MappingPlan> OLDEST_FIRST =
      Comparator.comparing((MappingPlan p) -> p.mapping.metadata().creationTimestamp())
          .thenComparing(MappingPlan::ref);

  /** What a Mapping does with a request. */
  sealed interface Effect {
    /** Forwards it, sharing the traffic with the other members. */
    record Route(RouteAction action) implements Effect {}

    /** Copies it; useless without a Mapping that routes. */
    record Copy(Shadow shadow) implements Effect {}

    /** Answers with a redirect; shares with nobody. */
    record Redirect(RouteAction.Redirect action) implements Effect {}
  }

  ObjectRef ref() {
    return mapping.ref();
  }

  /** The cluster it needs; none for a redirect. */
  Optional<String> cluster() {
    return switch (effect) {
      case Effect.Route(RouteAction.Forward forward) -> Optional.of(forward.cluster());
      case Effect.Copy(Shadow shadow) -> Optional.of(shadow.cluster());
      case Effect.Route r -> Optional.empty();
      case Effect.Redirect r -> Optional.empty();
    };
  }

  /** Names of the agreed fields in which {@code other} differs. */
  List<String> disagreements(MappingPlan other) {
    return agreement.entrySet().stream()
        .filter(e -> !e.getValue().equals(other.agreement.get(e.getKey())))
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }
}
