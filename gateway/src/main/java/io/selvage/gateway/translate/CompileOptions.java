// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import static java.util.Objects.requireNonNull;

import io.selvage.model.crd.AmbassadorIds;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the person who starts the gateway decides, as far as compilation is concerned.
 *
 * @param address IP literal all listeners bind
 * @param httpPort port of the default HTTP listener, 0..65535; 0 lets the system choose
 * @param httpsPort port of the default HTTPS listener, 0..65535
 * @param allowExternalName whether Services of type ExternalName are resolved by DNS; off, because
 *     whoever may create a Service could otherwise make the gateway reach any address
 * @param gatewayNamespace the gateway's own namespace, where Emissary looks for its fallback
 *     objects
 * @param watchNamespace only objects of this namespace are translated; absent = all
 * @param ambassadorId Emissary objects with another id are not ours
 * @param wellKnownClasses Ingress class names to controllers, used when no IngressClass object
 *     exists
 * @param clock judges whether certificates have expired
 */
public record CompileOptions(
    String address,
    int httpPort,
    int httpsPort,
    boolean allowExternalName,
    String gatewayNamespace,
    Optional<String> watchNamespace,
    String ambassadorId,
    Map<String, String> wellKnownClasses,
    InstantSource clock) {
  /** Controller of classes translated exactly by the Ingress specification. */
  public static final String SPEC_CONTROLLER = "selvage.io/gateway";

  /** Controller of classes translated as Emissary does it. */
  public static final String EMISSARY_CONTROLLER = "getambassador.io/ingress-controller";

  /** Controller of ingress-nginx, reserved for a later release: its Ingresses are not claimed. */
  public static final String NGINX_CONTROLLER = "k8s.io/ingress-nginx";

  public CompileOptions {
    requireNonNull(address, "address");
    requirePort(httpPort);
    requirePort(httpsPort);
    requireNonNull(gatewayNamespace, "gatewayNamespace");
    requireNonNull(watchNamespace, "watchNamespace");
    requireNonNull(ambassadorId, "ambassadorId");
    wellKnownClasses = java.util.Collections.unmodifiableMap(new TreeMap<>(wellKnownClasses));
    requireNonNull(clock, "clock");
  }

  private static void requirePort(int port) {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port " + port + " is not within 0..65535");
    }
  }

  /** All namespaces, all addresses, ports 8080 and 8443, ExternalName off, the system's clock. */
  public static CompileOptions defaults() {
    return new CompileOptions(
        "0.0.0.0",
        8080,
        8443,
        false,
        "default",
        Optional.empty(),
        AmbassadorIds.DEFAULT_ID,
        Map.of(
            "selvage", SPEC_CONTROLLER,
            "ambassador", EMISSARY_CONTROLLER,
            "nginx", NGINX_CONTROLLER),
        InstantSource.system());
  }

  /** The same with other default listeners. */
  public CompileOptions withListeners(String newAddress, int newHttpPort, int newHttpsPort) {
    return new CompileOptions(
        newAddress,
        newHttpPort,
        newHttpsPort,
        allowExternalName,
        gatewayNamespace,
        watchNamespace,
        ambassadorId,
        wellKnownClasses,
        clock);
  }

  /** The same with ExternalName Services allowed or not. */
  public CompileOptions withExternalName(boolean allowed) {
    return new CompileOptions(
        address,
        httpPort,
        httpsPort,
        allowed,
        gatewayNamespace,
        watchNamespace,
        ambassadorId,
        wellKnownClasses,
        clock);
  }

  /** The same, restricted to one namespace where {@code watch} is present. */
  public CompileOptions withNamespaces(String gateway, Optional<String> watch) {
    return new CompileOptions(
        address,
        httpPort,
        httpsPort,
        allowExternalName,
        gateway,
        watch,
        ambassadorId,
        wellKnownClasses,
        clock);
  }

  /** The same with another clock. */
  public CompileOptions withClock(InstantSource other) {
    return new CompileOptions(
        address,
        httpPort,
        httpsPort,
        allowExternalName,
        gatewayNamespace,
        watchNamespace,
        ambassadorId,
        wellKnownClasses,
        other);
  }
}
