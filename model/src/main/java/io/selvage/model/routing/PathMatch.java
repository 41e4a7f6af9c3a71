// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Condition on the normalised path. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface PathMatch {
  /** The text that was configured, whose length ranks Emissary routes. */
  String text();

  boolean caseSensitive();

  /** Byte equality. */
  record Exact(String text, boolean caseSensitive) implements PathMatch {}

  /** Raw string prefix: {@code /man} matches {@code /mankind} (Emissary). */
  record Prefix(String text, boolean caseSensitive) implements PathMatch {}

  /**
   * Prefix by whole path elements, trailing slash ignored on both sides (Ingress {@code Prefix}):
   * {@code /aaa/bb} does not match {@code /aaa/bbb}. Always case-sensitive.
   */
  record ElementPrefix(String text) implements PathMatch {
    @Override
    public boolean caseSensitive() {
      return true;
    }
  }

  /** An RE2 expression that must match the whole path. */
  record Regex(String text, boolean caseSensitive) implements PathMatch {}
}
