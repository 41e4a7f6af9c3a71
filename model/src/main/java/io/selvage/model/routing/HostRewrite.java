// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** What the upstream sees as Host or :authority. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface HostRewrite {
  /** As the client sent it. */
  record Keep() implements HostRewrite {}

  /** A fixed value. */
  record Literal(String host) implements HostRewrite {}

  /** The chosen endpoint's host name, or its address where it has none. */
  record FromEndpoint() implements HostRewrite {}
}
