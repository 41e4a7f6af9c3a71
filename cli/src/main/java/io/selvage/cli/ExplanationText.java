// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.gateway.explain.Explanation;
import io.selvage.gateway.explain.Explanation.Candidate;
import java.io.PrintWriter;
import java.util.List;

/** Prints an explanation for people: the answer first, then each step with those that lost. */
final class ExplanationText {
  private final PrintWriter out;

  ExplanationText(PrintWriter out) {
    this.out = out;
  }

  void print(Explanation explanation) {
    out.println(explanation.request());
    String status = explanation.status() == 0 ? "" : " [" + explanation.status() + "]";
    out.println((explanation.verdict().isServed() ? "√ " : "× ") + explanation.summary() + status);
    out.println();
    step("listener", explanation.listeners());
    step("certificate", explanation.tls());
    step("host", explanation.hosts());
    step("route", explanation.routes());
    if (explanation.routesNotListed() > 0) {
      line("", "  and " + explanation.routesNotListed() + " more routes for other paths");
    }
    for (Explanation.Target target : explanation.targets()) {
      line(
          target.chosen() ? "target" : "",
          (target.chosen() ? "" : "  not ")
              + target.weight()
              + " %: "
              + target.action()
              + " ("
              + target.origin()
              + ")");
    }
    Explanation.Backend backend = explanation.backend();
    if (backend != null) {
      print(backend);
    }
  }

  private void print(Explanation.Backend backend) {
    line("backend", backend.cluster() + ", " + backend.protocol() + ", " + backend.balancer());
    if (!backend.path().isEmpty()) {
      line("", "sees path " + backend.path());
      line("", "sees host " + (backend.host().isEmpty() ? "of the endpoint" : backend.host()));
    }
    String label = "endpoint";
    for (Explanation.EndpointView endpoint : backend.endpoints()) {
      String picked =
          endpoint.address().equals(backend.endpoint()) && backend.endpoints().size() > 1
              ? " (picked by the request's hash)"
              : "";
      line(label, endpoint.address() + (endpoint.draining() ? " (draining)" : "") + picked);
      label = "";
    }
  }

  private void step(String label, List<Candidate> candidates) {
    String shown = label;
    for (Candidate candidate : candidates) {
      boolean named = candidate.origin().isEmpty() || candidate.origin().equals(candidate.name());
      String origin = named ? "" : " (" + candidate.origin() + ")";
      String reason = candidate.reason().isEmpty() ? "" : ": " + candidate.reason();
      line(shown, (candidate.chosen() ? "" : "  not ") + candidate.name() + origin + reason);
      shown = "";
    }
  }

  private void line(String label, String text) {
    out.println("%-12s%s".formatted(label, text));
  }
}
