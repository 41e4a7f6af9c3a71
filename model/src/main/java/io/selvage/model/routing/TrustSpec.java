// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonIgnore;

/**
 * Whom to believe.
 *
 * @param name where it came from
 * @param caPem one or more certificates
 * @param crlPem one or more lists; empty = none. With lists, every CA of the chain needs one
 */
public record TrustSpec(String name, @JsonIgnore String caPem, @JsonIgnore String crlPem) {
  public TrustSpec {
    requireNonNull(name, "name");
    requireNonNull(caPem, "caPem");
    requireNonNull(crlPem, "crlPem");
  }
}
