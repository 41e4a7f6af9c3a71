// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Check.Finding;
import io.selvage.cli.install.MeshKinds;
import io.selvage.identity.workload.PemText;
import io.selvage.kube.api.NamedObjects.Type;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;

/** Whether the API server reaches the injector and believes it. */
final class WebhookChecks {
  /** The injector renews its certificate long before. */
  private static final Duration SOON = Duration.ofDays(10);

  private static final Type SLICE =
      new Type("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
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
        Check.error("the API server believes the injector", restart, this::believed).waitedFor());
  }

  private void reachable() throws Finding {
    JsonNode service =
        facts
            .need(Type.MUTATING_WEBHOOK, MeshKinds.INJECTOR)
            .at("/webhooks/0/clientConfig/service");
    String name = service.path("name").asText();
    String where = service.path("namespace").asText();
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
