// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.query;

import java.util.concurrent.CompletionStage;

/**
 * Answers questions about traffic. Returns at once, from any thread; a stage fails with {@link
 * IllegalArgumentException} for a question that cannot be answered as it is put, and with {@link
 * QueryException} where something else is at fault. Both say it for people.
 */
public interface TrafficQuery {
  /** Who talked to whom within the last ten minutes, in order. */
  CompletionStage<Answer<EdgeRow>> edges(EdgesRequest request);

  /** How well it went. */
  CompletionStage<Answer<StatRow>> stat(StatRequest request);

  /** How well it went, route by route. */
  CompletionStage<Answer<RouteRow>> routes(RoutesRequest request);

  /** The most frequent requests of the last minute. */
  CompletionStage<Answer<TopRow>> top(TopRequest request);

  /** Who talks to whom, and how well. */
  CompletionStage<Graph> graph(GraphRequest request);
}
