// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.MeshKinds;
import io.selvage.controlplane.app.ControlPlaneOptions;
import io.selvage.kube.api.ApiCallException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the control plane says of itself and of its proxies, asked by port-forward. */
final class ControlPlaneChecks {
  /** Replicas that are asked; each sees the API server and the other replicas in its own way. */
  static final int MAX_ASKED = 5;

  /** Findings that have lines of their own here, or are found again by asking another replica. */
  private static final Set<String> TOLD_ELSEWHERE = Set.of("SourceAway", "ReplicaSilent", "Proxy");

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Facts facts;
  private final PodPages pages;

  /** By the name of the pod. */
  private final Map<String, JsonNode> overviews = new LinkedHashMap<>();

  ControlPlaneChecks(Facts facts, PodPages pages) {
    this.facts = facts;
    this.pages = pages;
  }

  Category category() {
    return new Category("selvage-control-plane", this::checks);
  }

  private List<Check> checks() {
    String in = facts.in().replace("-n", "--control-plane-namespace");
    String logs = "`kubectl logs -n " + facts.namespace() + " POD` says why";
    return List.of(
        Check.warning(
            "the control plane can be asked",
            "it takes the right to port-forward to its pods",
            this::ask),
        Check.error(
            "the control plane reads the API server",
            logs
                + "; a NetworkPolicy may keep it away (networkPolicies.apiServer). Meanwhile"
                + " proxies know nothing of what changes",
            this::source),
        Check.warning(
            "replicas of the control plane hear each other",
            logs + "; they talk on port 8443, which a NetworkPolicy may keep from them",
            this::replicas),
        Check.warning(
            "proxies believe the trust bundle in use, and renew their certificates",
            "`mesh identity"
                + in
                + "` says who believes what; a proxy that stays behind is mended by making"
                + " its pod anew",
            this::proxies),
        Check.warning(
            "the control plane finds no fault in any object",
            "the page of `mesh dashboard" + in + "` shows them, too",
            this::problems));
  }

  private void ask() throws Finding {
    List<ObjectNode> ready =
        facts.livePods(facts.namespace(), MeshKinds.COMPONENT_LABEL + "=control-plane").stream()
            .filter(Facts::isReady)
            .limit(MAX_ASKED)
            .toList();
    if (ready.isEmpty()) {
      throw Finding.warning("not looked at: no pod of the control plane is ready");
    }
    var silent = new ArrayList<String>();
    for (ObjectNode pod : ready) {
      String name = pod.at("/metadata/name").asText();
      try {
        JsonNode overview =
            JSON.readTree(
                pages.read(
                    facts.namespace(), name, ControlPlaneOptions.API_PORT, "/api/v1/overview"));
        if (!overview.path("source").isObject()) {
          throw ApiCallException.unanswered(name, "its answer is no overview");
        }
        overviews.put(name, overview);
      } catch (ApiCallException | JsonProcessingException e) {
        silent.add(name + ": " + e.getMessage());
      }
    }
    if (!silent.isEmpty()) {
      throw Finding.of("these did not answer:\n" + Facts.listed(silent));
    }
  }

  private Map<String, JsonNode> answers() throws Finding {
    if (overviews.isEmpty()) {
      throw Finding.unseen("what the control plane says of itself");
    }
    return overviews;
  }

  private void source() throws Finding {
    var away = new ArrayList<String>();
    answers()
        .forEach((pod, overview) -> {
          JsonNode source = overview.path("source");
          if (!source.path("connected").asBoolean()) {
            away.add(
                pod
                    + ": not since "
                    + source.path("since").asText()
                    + ", "
                    + source.path("detail").asText());
          }
        });
    if (!away.isEmpty()) {
      throw Finding.of(Facts.listed(away));
    }
  }

  private void replicas() throws Finding {
    var silent = new ArrayList<String>();
    answers()
        .forEach((pod, overview) -> {
          for (JsonNode problem : overview.path("problems")) {
            if (problem.path("reason").asText().equals("ReplicaSilent")) {
              silent.add(pod + ": " + problem.path("message").asText());
            }
          }
        });
    if (!silent.isEmpty()) {
      throw Finding.of(Facts.listed(silent));
    }
  }

  private void proxies() throws Finding {
    // All replicas know the proxies of all.
    var troubled = new LinkedHashMap<String, String>();
    for (JsonNode overview : answers().values()) {
      for (JsonNode proxy : overview.path("proxies")) {
        String trouble = proxy.path("trouble").asText();
        if (!trouble.isEmpty()) {
          String pod = proxy.path("pod").asText();
          String name =
              pod.isEmpty()
                  ? proxy.path("identity").asText()
                  : proxy.path("namespace").asText() + "/" + pod;
          troubled.put(name, name + ": " + trouble);
        }
      }
    }
    if (!troubled.isEmpty()) {
      throw Finding.of(Facts.listed(List.copyOf(troubled.values())));
    }
  }

  private void problems() throws Finding {
    var all = new LinkedHashMap<String, String>();
    for (JsonNode overview : answers().values()) {
      for (JsonNode problem : overview.path("problems")) {
        if (!TOLD_ELSEWHERE.contains(problem.path("reason").asText())) {
          String text =
              problem.path("about").asText()
                  + ": "
                  + problem.path("reason").asText()
                  + ", "
                  + problem.path("message").asText();
          all.put(text, text);
        }
      }
    }
    if (!all.isEmpty()) {
      throw Finding.of(Facts.listed(List.copyOf(all.values())));
    }
  }
}
