// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonIgnore;

/**
 * A certificate chain with its key, already checked: the key fits, the chain parses. Never printed.
 *
 * @param name where it came from, such as {@code Secret default/web}
 * @param chainPem leaf first
 * @param keyPem PKCS#8, unencrypted
 */
public record KeyMaterial(String name, @JsonIgnore String chainPem, @JsonIgnore String keyPem) {
  public KeyMaterial {
    requireNonNull(name, "name");
    requireNonNull(chainPem, "chainPem");
    requireNonNull(keyPem, "keyPem");
  }

  @Override
  public String toString() {
    return "KeyMaterial[" + name + "]";
  }
}
