// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** How the path changes on its way to the upstream (or into a redirect's location). */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface PathRewrite {
  /** Unchanged. */
  record Keep() implements PathRewrite {}

  /** The matched prefix becomes {@code replacement}: {@code /api/} to {@code /} makes /api/x /x. */
  record ReplacePrefix(String replacement) implements PathRewrite {}

  /** The whole path becomes {@code path}. */
  record ReplaceFull(String path) implements PathRewrite {}

  /**
   * Every match of an RE2 {@code pattern} is replaced by {@code substitution}, where {@code \1} to
   * {@code \9} are groups and {@code \0} the whole match.
   */
  record Regex(String pattern, String substitution) implements PathRewrite {}
}
