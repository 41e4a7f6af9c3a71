// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.app;

import static java.util.Objects.requireNonNull;

import io.selvage.injector.patch.MutatorSettings;
import io.selvage.injector.serving.ServingCertificates;
import io.selvage.injector.webhook.AdmissionServer.ClientCheck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How an injector is set up.
 *
 * @param address IP address of the webhook's port
 * @param port 0 for a free one
 * @param adminAddress IP address of {@code /live}, {@code /ready} and {@code /metrics}
 * @param adminPort 0 for a free one
 * @param namespace the injector's own, where its Secret and the mesh's trust roots are
 * @param registration name of the MutatingWebhookConfiguration
 * @param names further DNS names and IP addresses the API server may call it by
 * @param acceptLinkerd whether Linkerd's annotations count
 * @param clients who may ask; whoever reaches the port when absent
 * @param settings of the sidecars
 * @param replica which replica this is, for Events
 */
public record InjectorOptions(
    String address,
    int port,
    String adminAddress,
    int adminPort,
    String namespace,
    String registration,
    List<String> names,
    boolean acceptLinkerd,
    Optional<ClientCheck> clients,
    MutatorSettings settings,
    String replica) {
  /** Name of the Service, the Secret's beginning and the registration. */
  public static final String NAME = "selvage-injector";

  public static final String SECRET = NAME + "-tls";
  public static final int PORT = 8443;
  public static final int ADMIN_PORT = 9995;

  private static final Duration OVERLAP = Duration.ofSeconds(10);

  public InjectorOptions {
    requireNonNull(address, "address");
    requireNonNull(adminAddress, "adminAddress");
    requireNonNull(namespace, "namespace");
    requireNonNull(registration, "registration");
    names = List.copyOf(names);
    requireNonNull(clients, "clients");
    requireNonNull(settings, "settings");
    requireNonNull(replica, "replica");
  }

  /** An injector as it runs in a cluster. */
  public static InjectorOptions of(String namespace, MutatorSettings settings, String replica) {
    return new InjectorOptions(
        "0.0.0.0",
        PORT,
        "0.0.0.0",
        ADMIN_PORT,
        namespace,
        NAME,
        List.of(),
        false,
        Optional.empty(),
        settings,
        replica);
  }

  ServingCertificates.Options serving() {
    var all = new ArrayList<String>();
    all.add(NAME + "." + namespace + ".svc");
    all.add(NAME + "." + namespace + ".svc.cluster.local");
    all.addAll(names);
    return new ServingCertificates.Options(namespace, SECRET, registration, all, OVERLAP);
  }
}
