// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.MeshKinds;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.ApiQueries;
import io.selvage.kube.api.NamedObjects.Type;
import io.selvage.model.crd.EmissaryKinds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Whether the gateway serves what its users wrote. */
final class GatewayChecks {
  private static final String SERVICE = "selvage-gateway";
  private static final int ADMIN_PORT = 9901;
  private static final Type LISTENER =
      new Type(MeshKinds.GROUP, "v3alpha1", "Listener", "listeners", true);

  /** The kinds whose status says whether they are served. */
  private static final List<Type> SERVED =
      EmissaryKinds.ALL.stream()
          .map(kind ->
              new Type(
                  kind.group(),
                  kind.versions().getFirst(),
                  kind.name(),
                  kind.plural(),
                  kind.namespaced()))
          .toList();

  /** A Host has Error where others have the former two. */
  private static final Set<String> FAULTY = Set.of("Inactive", "Partial", "Error");

  /** Objects of one kind that are looked at. */
  static final int MAX_OBJECTS = 5_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final PodPages pages;
  private final Facts facts;

  GatewayChecks(Facts facts, PodPages pages) {
    this.facts = facts;
    this.pages = pages;
  }

  Category category() {
    return new Category(
        "selvage-gateway",
        () ->
            List.of(
                Check.warning(
                    "the gateway's Service has an address",
                    "a LoadBalancer needs a provider; without one, use a node port of the Service,"
                        + " or --set gateway.service.type=NodePort",
                    this::address),
                Check.warning(
                    "the gateway's Service leads to every listener",
                    "add the port with gateway.service.extraPorts, or change gateway.ports.http and"
                        + " gateway.ports.https",
                    this::listenersAreReachable),
                Check.warning(
                    "no two listeners want the same port",
                    "give one of them another port",
                    this::listenersDiffer),
                Check.warning(
                    "every object of getambassador.io is served as written",
                    "the status of the object says what is wrong with it: `kubectl describe -n"
                        + " NAMESPACE KIND NAME`",
                    this::served),
                Check.warning(
                    "the gateway finds no fault in any other object",
                    "Events of the object say it, too: `kubectl describe -n NAMESPACE KIND NAME`;"
                        + " to be asked, the gateway takes the right to port-forward to its pods",
                    this::others)));
  }

  private void address() throws Finding {
    JsonNode service = facts.need(MeshKinds.SERVICE, SERVICE);
    boolean balanced = service.path("spec").path("type").asText().equals("LoadBalancer");
    if (balanced && service.at("/status/loadBalancer/ingress").isEmpty()) {
      throw Finding.of("its external address is pending");
    }
  }

  private void listenersAreReachable() throws Finding {
    JsonNode ports = facts.need(MeshKinds.SERVICE, SERVICE).path("spec").path("ports");
    var lost = new ArrayList<String>();
    for (ObjectNode listener : listeners()) {
      int port = listener.path("spec").path("port").asInt();
      boolean reached = false;
      for (JsonNode candidate : ports) {
        reached |= candidate.path("targetPort").asInt(candidate.path("port").asInt()) == port;
      }
      if (!reached) {
        lost.add(Facts.name(listener) + ": port " + port);
      }
    }
    if (!lost.isEmpty()) {
      throw Finding.of("no port of the Service leads to these:\n" + Facts.listed(lost));
    }
  }

  private void listenersDiffer() throws Finding {
    Map<Integer, String> byPort = new HashMap<>();
    var twice = new ArrayList<String>();
    for (ObjectNode listener : listeners()) {
      int port = listener.path("spec").path("port").asInt();
      String other = byPort.putIfAbsent(port, Facts.name(listener));
      if (other != null) {
        twice.add(other + " and " + Facts.name(listener) + ": port " + port);
      }
    }
    if (!twice.isEmpty()) {
      throw Finding.of(Facts.listed(twice));
    }
  }

  private List<ObjectNode> listeners() {
    return facts.cluster().list(LISTENER, "", "");
  }

  private void served() throws Finding {
    var wrong = new ArrayList<String>();
    var unseen = new ArrayList<String>();
    for (Type type : SERVED) {
      ApiQueries.Some some = facts.cluster().some(type, "", MAX_OBJECTS);
      for (ObjectNode object : some.items()) {
        JsonNode status = object.path("status");
        if (FAULTY.contains(status.path("state").asText())) {
          wrong.add(type.kind() + " " + Facts.name(object) + ": " + reason(status));
        }
      }
      if (some.more()) {
        unseen.add(InstallationChecks.several(type.kind()) + " beyond the first " + MAX_OBJECTS);
      }
    }
    String notSeen = unseen.isEmpty() ? "" : "not looked at:\n" + Facts.listed(unseen);
    if (!wrong.isEmpty()) {
      throw Finding.of((Facts.listed(wrong) + "\n" + notSeen).strip());
    }
    if (!unseen.isEmpty()) {
      throw Finding.warning(notSeen);
    }
  }

  private static String reason(JsonNode status) {
    String reason =
        status.path("reason").asText(status.path("errorReason").asText("no reason given"));
    String message = status.path("message").asText();
    return message.isEmpty() ? reason : reason + ", " + message;
  }

  /**
   * An Ingress has no place in its status for what is wrong, and Events are kept for an hour: the
   * gateway itself knows. All replicas read the same objects, so one is asked.
   */
  private void others() throws Finding {
    Optional<ObjectNode> pod =
        facts.livePods(facts.namespace(), MeshKinds.COMPONENT_LABEL + "=gateway").stream()
            .filter(Facts::isReady)
            .findFirst();
    if (pod.isEmpty()) {
      throw Finding.warning("not looked at: no pod of the gateway is ready");
    }
    var wrong = new ArrayList<String>();
    try {
      String page =
          pages.read(
              facts.namespace(),
              pod.get().path("metadata").path("name").asText(),
              Facts.port(pod.get(), "admin", ADMIN_PORT),
              "/problems");
      for (JsonNode problem : JSON.readTree(page)) {
        String kind = problem.path("kind").asText();
        if (SERVED.stream().noneMatch(type -> type.kind().equals(kind))) {
          wrong.add(described(kind, problem));
        }
      }
    } catch (ApiCallException | JsonProcessingException e) {
      throw Finding.warning("not looked at: " + e.getMessage());
    }
    if (!wrong.isEmpty()) {
      throw Finding.of(Facts.listed(wrong));
    }
  }

  private static String described(String kind, JsonNode problem) {
    String namespace = problem.path("namespace").asText();
    String name = (namespace.isEmpty() ? "" : namespace + "/") + problem.path("name").asText();
    String object = (kind + " " + name).strip();
    return (object.isEmpty() ? "" : object + ": ")
        + problem.path("reason").asText()
        + ", "
        + problem.path("message").asText();
  }
}
