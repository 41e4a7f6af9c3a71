// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.MeshKinds;
import io.selvage.identity.workload.PemText;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.NamedObjects.Type;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Whether the API server reaches the injector and believes it. */
final class WebhookChecks {
  /** The injector renews its certificate long before. */
  private static final Duration SOON = Duration.ofDays(10);

  private static final Type SLICE =
      new Type("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
  private static final String SIDECAR = "selvage-proxy";
  private static final RandomGenerator RANDOM = RandomGenerator.getDefault();

  private final Facts facts;
  private List<X509Certificate> serving = List.of();

  WebhookChecks(Facts facts) {
    this.facts = facts;
  }

  Category category() {
    return new Category("selvage-webhooks", this::checks);
  }

  private List<Check> checks() {
    String restart =
        "restart the injector: " + facts.restart(MeshKinds.INJECTOR) + "; it makes what is missing";
    return List.of(
        Check.error(
                "the injector's webhook has a Service with ready endpoints",
                "while nobody answers, new pods start without a sidecar, or are kept out where the"
                    + " failurePolicy is Fail; "
                    + facts.upgrade()
                    + " makes the Service anew",
                this::reachable)
            .waitedFor(),
        Check.error("the injector's webhook has a valid certificate", restart, this::certificate)
            .waitedFor(),
        Check.warning(
            "the injector's certificate is valid for at least 10 days", restart, this::lasting),
        Check.error("the API server believes the injector", restart, this::believed).waitedFor(),
        Check.error(
                "a pod that asks for a sidecar is given one",
                "see the lines above; if they are well, the API server does not reach port 8443 of"
                    + " the injector's pods: a NetworkPolicy (networkPolicies.webhook), or the"
                    + " firewall between the control plane's nodes and the others; `kubectl logs -n"
                    + " "
                    + facts.namespace()
                    + " deployment/"
                    + MeshKinds.INJECTOR
                    + "` says whether it was asked",
                this::injects)
            .waitedFor());
  }

  /** Asks for a pod as anybody would; a dry run leaves none behind. */
  private void injects() throws Finding {
    facts.requireConfig();
    String where = home();
    ObjectNode pod = pod(where);
    ObjectNode made;
    try {
      made = facts.cluster().wouldCreate(MeshKinds.POD, where, pod);
    } catch (ApiCallException e) {
      if (e.code() >= 500 || e.code() == 0) {
        throw Finding.of(String.valueOf(e.getMessage()));
      }
      throw Finding.notTried(
          String.valueOf(e.getMessage()),
          "it takes the right to create pods in the namespace "
              + where
              + ", where no policy stands in a sidecar's way; nothing is ever made");
    }
    for (String group : List.of("initContainers", "containers")) {
      for (JsonNode container : made.path("spec").path(group)) {
        if (container.path("name").asText().equals(SIDECAR)) {
          return;
        }
      }
    }
    throw Finding.of("a pod of the namespace " + where + " would have none");
  }

  /** A namespace that has pods with a sidecar takes another; else the default one, or any. */
  private String home() throws Finding {
    Optional<String> meshed =
        facts.livePods("", MeshKinds.MESHED_LABEL + "=" + facts.namespace()).stream()
            .map(pod -> pod.at("/metadata/namespace").asText())
            .findFirst();
    if (meshed.isPresent()) {
      return meshed.get();
    }
    List<ObjectNode> namespaces = facts.cluster().list(Type.NAMESPACE, "", "");
    Set<String> exempt = facts.withoutInjection(namespaces);
    return namespaces.stream()
        .map(Facts::name)
        .filter(name -> !exempt.contains(name))
        .min(Comparator.comparing((String name) -> !name.equals("default")).thenComparing(n -> n))
        .orElseThrow(() ->
            Finding.notTried("no namespace is shown to the injector", "make one, and ask again"));
  }

  private static ObjectNode pod(String namespace) {
    ObjectNode pod = JsonNodeFactory.instance.objectNode().put("apiVersion", "v1");
    pod.put("kind", "Pod");
    ObjectNode metadata = pod.putObject("metadata").put("namespace", namespace);
    metadata.put("name", "selvage-check-" + Long.toHexString(RANDOM.nextLong()));
    metadata.putObject("annotations").put("selvage.io/inject", "enabled");
    ObjectNode spec = pod.putObject("spec").put("serviceAccountName", "default");
    ObjectNode container = spec.putArray("containers").addObject().put("name", "check");
    container.put("image", "selvage/check");
    return pod;
  }

  private void reachable() throws Finding {
    JsonNode service =
        facts
            .need(Type.MUTATING_WEBHOOK, MeshKinds.INJECTOR)
            .at("/webhooks/0/clientConfig/service");
    String name = service.path("name").asText();
    String where = service.path("namespace").asText();
    if (name.isEmpty() || where.isEmpty()) {
      throw Finding.of("the registration names no Service");
    }
    if (facts.cluster().get(MeshKinds.SERVICE, where, name).isEmpty()) {
      throw Finding.of("the Service " + where + "/" + name + " is gone");
    }
    for (ObjectNode slice :
        facts.cluster().list(SLICE, where, "kubernetes.io/service-name=" + name)) {
      for (JsonNode endpoint : slice.path("endpoints")) {
        if (endpoint.path("conditions").path("ready").asBoolean(true)) {
          return;
        }
      }
    }
    throw Finding.of("the Service " + where + "/" + name + " has no ready endpoint");
  }

  private void certificate() throws Finding {
    ObjectNode secret = facts.need(Type.SECRET, MeshKinds.INJECTOR_TLS);
    serving =
        read("Secret " + MeshKinds.INJECTOR_TLS, secret.path("data").path("tls.crt").asText());
    Instant now = facts.clock().instant();
    X509Certificate leaf = serving.getFirst();
    if (now.isAfter(leaf.getNotAfter().toInstant())) {
      throw Finding.of("it ended " + leaf.getNotAfter().toInstant());
    }
  }

  private void lasting() throws Finding {
    Instant end = leaf().getNotAfter().toInstant();
    if (end.isBefore(facts.clock().instant().plus(SOON))) {
      throw Finding.of("it ends " + end);
    }
  }

  private X509Certificate leaf() throws Finding {
    if (serving.isEmpty()) {
      throw Finding.unseen("the certificate in the Secret " + MeshKinds.INJECTOR_TLS);
    }
    return serving.getFirst();
  }

  private void believed() throws Finding {
    ObjectNode registration = facts.need(Type.MUTATING_WEBHOOK, MeshKinds.INJECTOR);
    String bundle = registration.at("/webhooks/0/clientConfig/caBundle").asText();
    if (bundle.isEmpty()) {
      throw Finding.of("the registration names no authority yet");
    }
    X509Certificate leaf = leaf();
    for (X509Certificate authority : read("registration", bundle)) {
      try {
        leaf.verify(authority.getPublicKey());
        return;
      } catch (GeneralSecurityException e) {
        // Not this one.
      }
    }
    throw Finding.of("the injector's certificate is not of the authority in the registration");
  }

  private static List<X509Certificate> read(String where, String base64) throws Finding {
    try {
      String pem = new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
      List<X509Certificate> found = PemText.certificates(pem);
      if (found.isEmpty()) {
        throw Finding.of("the " + where + " holds no certificate");
      }
      return found;
    } catch (IllegalArgumentException e) {
      throw Finding.of("the " + where + " cannot be read: " + e.getMessage());
    }
  }
}
