// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.pod;

import java.util.Locale;

/** Why a pod gets no sidecar. */
public enum SkipReason {
  HOST_NETWORK_ENABLED("hostNetwork is enabled"),
  SIDECAR_ALREADY_EXISTS("pod has a sidecar injected already"),
  UNSUPPORTED_RESOURCE("this resource kind is unsupported"),
  UNSUPPORTED_OPERATING_SYSTEM("the pod is not for Linux"),
  INJECTION_ENABLE_ANNOTATION_ABSENT(
      "neither the namespace nor the pod have the annotation \"selvage.io/inject:enabled\""),
  INJECTION_DISABLE_ANNOTATION_PRESENT(
      "the namespace or the pod has the annotation \"selvage.io/inject:disabled\""),
  INVALID_INJECT_ANNOTATION_AT_WORKLOAD(
      "invalid value for annotation \"selvage.io/inject\" at workload"),
  INVALID_INJECT_ANNOTATION_AT_NS(
      "invalid value for annotation \"selvage.io/inject\" at namespace");

  private final String text;

  SkipReason(String text) {
    this.text = text;
  }

  /** For metrics, such as {@code host_network_enabled}. */
  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** For people. */
  public String text() {
    return text;
  }

  /** Whether somebody wanted a sidecar, or may have, and should hear that there is none. */
  public boolean isSurprising() {
    return this != INJECTION_ENABLE_ANNOTATION_ABSENT
        && this != INJECTION_DISABLE_ANNOTATION_PRESENT;
  }
}
