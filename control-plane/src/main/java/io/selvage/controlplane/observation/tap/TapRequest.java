// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.tap;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.observation.query.LabelTest;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.query.OtherEnd.Way;
import io.selvage.controlplane.observation.workload.Printable;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.selvage.model.mesh.ControlMessage;
import java.util.Optional;

/**
 * Which exchanges are wanted.
 *
 * @param resource whose proxies tell of them
 * @param namespace of the resource; empty for all
 * @param labels of the pods of the resource
 * @param to only those the resource sends there; without it, also those that arrive
 * @param maxPerSecond of all proxies together, 1..{@link ControlMessage.Tap#MAX_PER_SECOND}
 * @param method empty for any, as are scheme, authority and path
 * @param pathPrefix of paths, which are told without their query
 * @param headers whether fields of the requests are wanted, secrets redacted
 */
public record TapRequest(
    ResourceSelector resource,
    Optional<String> namespace,
    LabelTest labels,
    Optional<OtherEnd> to,
    int maxPerSecond,
    String method,
    String scheme,
    String authority,
    String pathPrefix,
    boolean headers) {
  public static final int DEFAULT_PER_SECOND = 100;

  /** Characters of a filter. */
  static final int MAX_FILTER = 512;

  /**
   * @throws IllegalArgumentException with a text for people
   */
  public TapRequest {
    requireNonNull(resource, "resource");
    requireNonNull(labels, "labels");
    namespace.ifPresent(name -> ResourceSelector.checkName("namespace", name));
    if (resource.type() == ResourceType.SERVICE) {
      throw new IllegalArgumentException(
          "a service has no proxy: tap the workloads that ask for it, with --to " + resource);
    }
    if (to.isPresent() && to.get().way() != Way.TO) {
      throw new IllegalArgumentException("tap takes --to, not --from");
    }
    if (maxPerSecond < 1 || maxPerSecond > ControlMessage.Tap.MAX_PER_SECOND) {
      throw new IllegalArgumentException(
          "max-rps is not within 1.." + ControlMessage.Tap.MAX_PER_SECOND + ": " + maxPerSecond);
    }
    check("method", method);
    check("scheme", scheme);
    check("authority", authority);
    check("path", pathPrefix);
    if (!pathPrefix.isEmpty() && !pathPrefix.startsWith("/")) {
      throw new IllegalArgumentException(
          "a path begins with /: \"" + Printable.text(pathPrefix) + "\"");
    }
  }

  private static void check(String what, String value) {
    if (value.length() > MAX_FILTER) {
      throw new IllegalArgumentException(what + " is longer than " + MAX_FILTER);
    }
  }

  /** What a proxy is told. */
  ControlMessage.Tap message(long id, int perSecond) {
    return new ControlMessage.Tap(id, perSecond, method, scheme, authority, pathPrefix, headers);
  }
}
