// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.compile;

import static java.util.Objects.requireNonNull;

import io.selvage.gateway.translate.LastGood;
import io.selvage.model.ObjectStatus;
import io.selvage.model.Problem;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.RoutingModel;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one state of objects becomes.
 *
 * @param model what the data path is to run
 * @param endpoints addresses for the model's clusters, by key
 * @param statuses one for each object that was claimed, by object
 * @param problems everything wrong, errors first, the source's own problems included
 * @param lastGood what to hand to the next compilation
 */
public record CompileResult(
    RoutingModel model,
    Map<String, EndpointSet> endpoints,
    List<ObjectStatus> statuses,
    List<Problem> problems,
    LastGood lastGood) {
  public CompileResult {
    requireNonNull(model, "model");
    endpoints = java.util.Collections.unmodifiableMap(new TreeMap<>(endpoints));
    statuses = List.copyOf(statuses);
    problems = List.copyOf(problems);
    requireNonNull(lastGood, "lastGood");
  }
}
