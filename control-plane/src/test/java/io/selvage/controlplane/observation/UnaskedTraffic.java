// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation;

import io.selvage.controlplane.observation.query.Answer;
import io.selvage.controlplane.observation.query.EdgeRow;
import io.selvage.controlplane.observation.query.EdgesRequest;
import io.selvage.controlplane.observation.query.Graph;
import io.selvage.controlplane.observation.query.GraphRequest;
import io.selvage.controlplane.observation.query.RouteRow;
import io.selvage.controlplane.observation.query.RoutesRequest;
import io.selvage.controlplane.observation.query.StatRequest;
import io.selvage.controlplane.observation.query.StatRow;
import io.selvage.controlplane.observation.query.TopRequest;
import io.selvage.controlplane.observation.query.TopRow;
import io.selvage.controlplane.observation.query.TrafficQuery;
import java.util.concurrent.CompletionStage;

/** Fails a test that asks it for a table; tests override what they mean to ask. */
public class UnaskedTraffic implements TrafficQuery {
  @Override
  public CompletionStage<Answer<EdgeRow>> edges(EdgesRequest request) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<Answer<StatRow>> stat(StatRequest request) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<Answer<RouteRow>> routes(RoutesRequest request) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<Answer<TopRow>> top(TopRequest request) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletionStage<Graph> graph(GraphRequest request) {
    throw new UnsupportedOperationException();
  }
}
