// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.config;

import io.selvage.injector.pod.MeshNames;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What a pod or its namespace may choose about its sidecar. */
public enum ConfigOption {
  INBOUND_PORT(Values::port),
  OUTBOUND_PORT(Values::port),
  ADMIN_PORT(Values::port),
  SKIP_INBOUND_PORTS(Values::ports),
  SKIP_OUTBOUND_PORTS(Values::ports),
  SKIP_SUBNETS(Values::subnets),
  OPAQUE_PORTS(Values::ports),
  DEFAULT_INBOUND_POLICY(Values::policy),
  PROXY_CPU_REQUEST(Values::quantity),
  PROXY_CPU_LIMIT(Values::quantity),
  PROXY_MEMORY_REQUEST(Values::quantity),
  PROXY_MEMORY_LIMIT(Values::quantity),
  PROXY_EPHEMERAL_STORAGE_REQUEST(Values::quantity),
  PROXY_EPHEMERAL_STORAGE_LIMIT(Values::quantity),
  PROXY_LOG_LEVEL(Values::logLevel),
  PROXY_OUTBOUND_CONNECT_TIMEOUT(Values::duration),
  PROXY_INBOUND_CONNECT_TIMEOUT(Values::duration),
  PROXY_ENABLE_NATIVE_SIDECAR(Values::trueOrFalse),
  PROXY_ADMIN_SHUTDOWN(Values::enabledOrDisabled),
  PROXY_WAIT_BEFORE_EXIT_SECONDS(Values::seconds),
  SHUTDOWN_GRACE_PERIOD(Values::duration);

  private static final Map<String, ConfigOption> BY_NAME =
      Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(o -> o.key(), o -> o));

  private final Function<String, Optional<String>> check;

  ConfigOption(Function<String, Optional<String>> check) {
    this.check = check;
  }

  /** Name without the domain, such as {@code proxy-log-level}. */
  public String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The whole name of the annotation. */
  public String annotation() {
    return MeshNames.CONFIG + key();
  }

  /** The option of a name without domain. */
  public static Optional<ConfigOption> find(String key) {
    return Optional.ofNullable(BY_NAME.get(key));
  }

  /** What is wrong with a value; empty if it may be used. */
  public Optional<String> problem(String value) {
    return value.length() > Values.MAX_CHARS
        ? Optional.of("longer than " + Values.MAX_CHARS + " characters")
        : check.apply(value);
  }

  /**
   * Whether the value is fixed when the pod is made. The others are read by the control plane as
   * long as the pod lives, from the pod and from its namespace.
   */
  public boolean isFixed() {
    return this != OPAQUE_PORTS && this != DEFAULT_INBOUND_POLICY;
  }
}
