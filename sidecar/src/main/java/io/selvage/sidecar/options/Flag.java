// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.options;

import java.util.Locale;

/** The sidecar's flags. Each can be given by an environment variable too; the flag wins. */
enum Flag {
  CONTROL_PLANE(
      "HOST:PORT,...", "", "The control plane's replicas, or a name that stands for them."),
  CONTROL_PLANE_IDENTITY(
      "SPIFFE-ID",
      "",
      "Whom the control plane must prove to be (default:"
          + " spiffe://<trust domain>/ns/selvage/sa/control-plane)."),
  TOKEN_FILE(
      "FILE",
      "/var/run/secrets/selvage.io/token",
      "ServiceAccount token that proves the pod; read again for each certificate."),
  TRUST_ANCHORS(
      "FILE",
      "/var/run/selvage.io/trust/trust-anchors.pem",
      "Certificates to believe the control plane by."),
  TRUST_DOMAIN("NAME", "cluster.local", "Trust domain of every identity."),
  POD_NAMESPACE("NAME", "", "Namespace of the pod."),
  POD_NAME("NAME", "", "Name of the pod."),
  POD_IPS("IP,...", "", "Addresses of the pod; nothing else is served inbound."),
  INBOUND_PORT("PORT", "4143", "Where redirected inbound connections arrive; 0 = nowhere."),
  OUTBOUND_PORT("PORT", "4140", "Where redirected outbound connections arrive; 0 = nowhere."),
  ADMIN_PORT("PORT", "4191", "Port of /live, /ready and /metrics."),
  ADMIN_ADDRESS("IP", "0.0.0.0", "Address of the admin port."),
  INBOUND(
      "LISTEN=TARGET",
      "",
      "Serve what arrives at LISTEN for TARGET, without redirection; may be repeated."),
  OUTBOUND(
      "LISTEN=DESTINATION",
      "",
      "Take what arrives at LISTEN to DESTINATION, without redirection; may be repeated."),
  DEFAULT_INBOUND_POLICY(
      "POLICY", "all-unauthenticated", "Who may come in until the control plane has told."),
  DETECT_GRACE(
      "TIME", "20ms", "How long a client may be silent before its server is asked to speak."),
  OUTBOUND_CONNECT_TIMEOUT("TIME", "1s", "For TCP towards endpoints; TLS has 10s more."),
  INBOUND_CONNECT_TIMEOUT("TIME", "300ms", "Towards the application."),
  LOG_LEVEL("LEVEL", "info", "off, error, warn, info, debug or trace."),
  EVENT_LOOPS("N", "1", "Threads that carry traffic."),
  SHUTDOWN_GRACE("TIME", "120s", "How long at most connections are served after SIGTERM."),
  SHUTDOWN_QUIET(
      "TIME",
      "2s",
      "After SIGTERM: with no connection open and none opened for this long, the application is"
          + " taken to be gone."),
  ADMIN_SHUTDOWN("true|false", "false", "Whether POST /shutdown from loopback ends the sidecar.");

  private final String value;
  private final String byDefault;
  private final String description;

  Flag(String value, String byDefault, String description) {
    this.value = value;
    this.byDefault = byDefault;
    this.description = description;
  }

  /** As on the command line, such as {@code --pod-name}. */
  String flag() {
    return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** As in the environment, such as {@code SELVAGE_POD_NAME}. */
  String variable() {
    return "SELVAGE_" + name();
  }

  String byDefault() {
    return byDefault;
  }

  /** Whether it may be given several times; the variable holds a list with commas. */
  boolean repeats() {
    return this == INBOUND || this == OUTBOUND || this == POD_IPS;
  }

  /** One line of help. */
  String help() {
    String suffix = byDefault.isEmpty() ? "" : " (default: " + byDefault + ")";
    String text = suffix.isEmpty() ? description : description.replaceFirst("\\.$", suffix + ".");
    return "  %-36s %s".formatted(flag() + " " + value, text);
  }
}
