// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.patch;

/**
 * How the injected containers are told what to do: environment of {@code mesh sidecar}, flags of
 * {@code mesh proxy-init}, and where its files are. The sidecar knows the same names.
 */
final class SidecarContract {
  static final String CONTROL_PLANE = "SELVAGE_CONTROL_PLANE";
  static final String CONTROL_PLANE_IDENTITY = "SELVAGE_CONTROL_PLANE_IDENTITY";
  static final String TRUST_DOMAIN = "SELVAGE_TRUST_DOMAIN";
  static final String TOKEN_FILE = "SELVAGE_TOKEN_FILE";
  static final String TRUST_ANCHORS = "SELVAGE_TRUST_ANCHORS";
  static final String POD_NAMESPACE = "SELVAGE_POD_NAMESPACE";
  static final String POD_NAME = "SELVAGE_POD_NAME";
  static final String POD_IPS = "SELVAGE_POD_IPS";
  static final String INBOUND_PORT = "SELVAGE_INBOUND_PORT";
  static final String OUTBOUND_PORT = "SELVAGE_OUTBOUND_PORT";
  static final String ADMIN_PORT = "SELVAGE_ADMIN_PORT";
  static final String DEFAULT_INBOUND_POLICY = "SELVAGE_DEFAULT_INBOUND_POLICY";
  static final String OUTBOUND_CONNECT_TIMEOUT = "SELVAGE_OUTBOUND_CONNECT_TIMEOUT";
  static final String INBOUND_CONNECT_TIMEOUT = "SELVAGE_INBOUND_CONNECT_TIMEOUT";
  static final String LOG_LEVEL = "SELVAGE_LOG_LEVEL";
  static final String SHUTDOWN_GRACE = "SELVAGE_SHUTDOWN_GRACE";
  static final String SHUTDOWN_QUIET = "SELVAGE_SHUTDOWN_QUIET";
  static final String ADMIN_SHUTDOWN = "SELVAGE_ADMIN_SHUTDOWN";

  static final String TOKEN_FOLDER = "/var/run/secrets/selvage.io";
  static final String TOKEN = "token";
  static final String TRUST_FOLDER = "/var/run/selvage.io/trust";
  static final String TRUST = "trust-anchors.pem";

  private SidecarContract() {}
}
