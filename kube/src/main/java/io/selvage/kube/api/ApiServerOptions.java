// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;

/**
 * How to talk to the API server.
 *
 * @param namespace the only namespace to read; all of them when absent. With one, cluster-scoped
 *     kinds (IngressClass) are not read, since a Role cannot grant them
 * @param requestTimeout per call; a watch is not a call
 * @param reconnectBase first pause before a lost watch or failed list is tried again, doubled five
 *     times at most; each process adds up to half of it at random, so that many do not return at
 *     once
 * @param silentAfter a watch on which not even a bookmark moved for this long is replaced: one that
 *     is cut while an event is on its way can look open for ever. A server sends a bookmark about
 *     every minute
 * @param discoverEvery pause between looks for custom resources that are not installed yet
 * @param userAgent name of the process towards the API server, and of the author of what it writes
 */
public record ApiServerOptions(
    Optional<String> namespace,
    Duration requestTimeout,
    Duration reconnectBase,
    Duration silentAfter,
    Duration discoverEvery,
    String userAgent) {
  /** All namespaces; back within five seconds after an API server that was away for long. */
  public static final ApiServerOptions DEFAULT =
      new ApiServerOptions(
          Optional.empty(),
          Duration.ofSeconds(10),
          Duration.ofMillis(100),
          Duration.ofMinutes(3),
          Duration.ofSeconds(5),
          ApiServer.USER_AGENT);

  public ApiServerOptions {
    requireNonNull(namespace, "namespace");
    requireNonNull(requestTimeout, "requestTimeout");
    requireNonNull(reconnectBase, "reconnectBase");
    requireNonNull(silentAfter, "silentAfter");
    requireNonNull(discoverEvery, "discoverEvery");
    requireNonNull(userAgent, "userAgent");
  }

  /** The same for one namespace. */
  public ApiServerOptions inNamespace(String only) {
    return new ApiServerOptions(
        Optional.of(only), requestTimeout, reconnectBase, silentAfter, discoverEvery, userAgent);
  }

  /** The same with another patience for watches on which nothing moves. */
  public ApiServerOptions withSilentAfter(Duration silence) {
    return new ApiServerOptions(
        namespace, requestTimeout, reconnectBase, silence, discoverEvery, userAgent);
  }

  /** The same with another limit for each call. */
  public ApiServerOptions withRequestTimeout(Duration timeout) {
    return new ApiServerOptions(
        namespace, timeout, reconnectBase, silentAfter, discoverEvery, userAgent);
  }

  /** The same under another name. */
  public ApiServerOptions withUserAgent(String name) {
    return new ApiServerOptions(
        namespace, requestTimeout, reconnectBase, silentAfter, discoverEvery, name);
  }
}
