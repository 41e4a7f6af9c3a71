// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import java.util.List;

/**
 * The {@code getambassador.io} kinds that Selvage reads: v3alpha1, and v2 as well (v1 where a kind
 * has it). The versions of a kind differ in the form of some fields only, and one record reads all
 * forms.
 */
public final class EmissaryKinds {
  public static final String GROUP = "getambassador.io";

  private static final List<String> V3_ONLY = List.of("v3alpha1");
  private static final List<String> SINCE_V2 = List.of("v3alpha1", "v2");
  private static final List<String> SINCE_V1 = List.of("v3alpha1", "v2", "v1");

  public static final Kind<Listener> LISTENER =
      kind("Listener", "listeners", V3_ONLY, Listener.class);
  public static final Kind<Host> HOST = kind("Host", "hosts", SINCE_V2, Host.class);
  public static final Kind<Mapping> MAPPING = kind("Mapping", "mappings", SINCE_V1, Mapping.class);
  public static final Kind<TLSContext> TLS_CONTEXT =
      kind("TLSContext", "tlscontexts", SINCE_V1, TLSContext.class);
  public static final Kind<TCPMapping> TCP_MAPPING =
      kind("TCPMapping", "tcpmappings", SINCE_V1, TCPMapping.class);
  public static final Kind<Module> MODULE = kind("Module", "modules", SINCE_V1, Module.class);
  public static final Kind<KubernetesEndpointResolver> KUBERNETES_ENDPOINT_RESOLVER =
      kind(
          "KubernetesEndpointResolver",
          "kubernetesendpointresolvers",
          SINCE_V1,
          KubernetesEndpointResolver.class);
  public static final Kind<KubernetesServiceResolver> KUBERNETES_SERVICE_RESOLVER =
      kind(
          "KubernetesServiceResolver",
          "kubernetesserviceresolvers",
          SINCE_V1,
          KubernetesServiceResolver.class);
  public static final Kind<ConsulResolver> CONSUL_RESOLVER =
      kind("ConsulResolver", "consulresolvers", SINCE_V1, ConsulResolver.class);
  public static final Kind<AuthService> AUTH_SERVICE =
      kind("AuthService", "authservices", SINCE_V1, AuthService.class);
  public static final Kind<RateLimitService> RATE_LIMIT_SERVICE =
      kind("RateLimitService", "ratelimitservices", SINCE_V1, RateLimitService.class);
  public static final Kind<LogService> LOG_SERVICE =
      kind("LogService", "logservices", SINCE_V1, LogService.class);
  public static final Kind<TracingService> TRACING_SERVICE =
      kind("TracingService", "tracingservices", SINCE_V1, TracingService.class);

  /** All of them, in a fixed order. */
  public static final List<Kind<? extends KubeObject>> ALL =
      List.of(
          LISTENER,
          HOST,
          MAPPING,
          TLS_CONTEXT,
          TCP_MAPPING,
          MODULE,
          KUBERNETES_ENDPOINT_RESOLVER,
          KUBERNETES_SERVICE_RESOLVER,
          CONSUL_RESOLVER,
          AUTH_SERVICE,
          RATE_LIMIT_SERVICE,
          LOG_SERVICE,
          TRACING_SERVICE);

  private EmissaryKinds() {}

  private static <T extends KubeObject> Kind<T> kind(
      String name, String plural, List<String> versions, Class<T> type) {
    return new Kind<>(GROUP, versions, name, plural, true, type);
  }
}
