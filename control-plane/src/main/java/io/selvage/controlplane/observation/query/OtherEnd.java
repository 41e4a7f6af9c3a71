// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import java.util.Optional;

/**
 * The other end of the traffic that is asked for.
 *
 * @param way whether traffic to it or from it is meant
 * @param namespace empty for all
 */
public record OtherEnd(Way way, ResourceSelector resource, Optional<String> namespace) {
  /** Which way the traffic goes. */
  public enum Way {
    TO,
    FROM
  }

  public OtherEnd {
    requireNonNull(way, "way");
    requireNonNull(resource, "resource");
    namespace.ifPresent(name -> ResourceSelector.checkName("namespace", name));
    if (way == Way.FROM && resource.type() == ResourceType.SERVICE) {
      throw new IllegalArgumentException(
          "a service sends no requests: --from takes a workload, not " + resource);
    }
  }

  /**
   * The other end that four options describe.
   *
   * @param defaultNamespace where the resource is looked up unless its own option says so; empty
   *     for all
   * @return empty if none of them is given
   * @throws IllegalArgumentException with a text for people, if they exclude each other
   */
  public static Optional<OtherEnd> of(
      Optional<String> to,
      Optional<String> toNamespace,
      Optional<String> from,
      Optional<String> fromNamespace,
      Optional<String> defaultNamespace) {
    if (to.isPresent() && from.isPresent()) {
      throw new IllegalArgumentException("--to and --from flags are mutually exclusive");
    }
    if (toNamespace.isPresent() && fromNamespace.isPresent()) {
      throw new IllegalArgumentException(
          "--to-namespace and --from-namespace flags are mutually exclusive");
    }
    if (to.isPresent() && fromNamespace.isPresent()) {
      throw new IllegalArgumentException("--to and --from-namespace flags are mutually exclusive");
    }
    if (from.isPresent() && toNamespace.isPresent()) {
      throw new IllegalArgumentException("--from and --to-namespace flags are mutually exclusive");
    }
    if (to.isPresent() || toNamespace.isPresent()) {
      return Optional.of(end(Way.TO, to, toNamespace, defaultNamespace));
    }
    if (from.isPresent() || fromNamespace.isPresent()) {
      return Optional.of(end(Way.FROM, from, fromNamespace, defaultNamespace));
    }
    return Optional.empty();
  }

  private static OtherEnd end(
      Way way,
      Optional<String> resource,
      Optional<String> namespace,
      Optional<String> defaultNamespace) {
    if (resource.isEmpty()) {
      // Everything in a namespace.
      return new OtherEnd(
          way, new ResourceSelector(ResourceType.NAMESPACE, namespace), Optional.empty());
    }
    ResourceSelector selector = ResourceSelector.parse(resource.get());
    if (selector.type() == ResourceType.NAMESPACE) {
      if (namespace.isPresent()) {
        throw new IllegalArgumentException(
            (way == Way.TO ? "--to-namespace" : "--from-namespace")
                + " flag is incompatible with namespace resource type");
      }
      return new OtherEnd(way, selector, Optional.empty());
    }
    return new OtherEnd(way, selector, namespace.or(() -> defaultNamespace));
  }
}
