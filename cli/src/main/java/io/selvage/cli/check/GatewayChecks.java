// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.MeshKinds;
import io.selvage.kube.api.NamedObjects.Type;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Whether the gateway serves what its users wrote. */
final class GatewayChecks {
  private static final String SERVICE = "selvage-gateway";

  /** The kinds whose status says whether they are served. */
  private static final List<Type> SERVED =
      List.of(
          emissary("Listener", "listeners"),
          emissary("Host", "hosts"),
          emissary("Mapping", "mappings"));

  private final Facts facts;

  GatewayChecks(Facts facts) {
    this.facts = facts;
  }

  private static Type emissary(String kind, String plural) {
    return new Type(MeshKinds.GROUP, "v3alpha1", kind, plural, true);
  }

  Category category() {
    return new Category(
        "selvage-gateway",
        List.of(
            Check.warning(
                "the gateway's Service has an address",
                "a LoadBalancer needs a provider; without one, use a node port of the Service, or"
                    + " --set gateway.service.type=NodePort",
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
                "every Listener, Host and Mapping is served",
                "the status of the object says what is wrong with it, with `kubectl describe`",
                this::served)));
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
    return facts.cluster().list(SERVED.getFirst(), "", "");
  }

  private void served() throws Finding {
    var wrong = new ArrayList<String>();
    for (Type type : SERVED) {
      for (ObjectNode object : facts.cluster().list(type, "", "")) {
        JsonNode status = object.path("status");
        String state = status.path("state").asText();
        if (state.equals("Inactive") || state.equals("Error")) {
          String reason =
              status.path("reason").asText(status.path("errorReason").asText("no reason given"));
          wrong.add(type.kind() + " " + Facts.name(object) + ": " + reason);
        }
      }
    }
    if (!wrong.isEmpty()) {
      throw Finding.of(Facts.listed(wrong));
    }
  }
}
