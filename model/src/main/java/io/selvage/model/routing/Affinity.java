// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** What a hashing balancer hashes. A request without the thing is balanced at random. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface Affinity {
  record None() implements Affinity {}

  /**
   * A cookie.
   *
   * @param ttlSeconds lifetime of the cookie the gateway sets where the client has none; 0 = a
   *     session cookie; -1 = the gateway never sets one
   * @param path cookie path; empty = none
   */
  record Cookie(String name, String path, long ttlSeconds) implements Affinity {}

  /** A request header, by lower-case name. */
  record Header(String name) implements Affinity {}

  record SourceAddress() implements Affinity {}
}
