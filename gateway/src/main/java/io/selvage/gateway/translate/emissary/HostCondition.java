// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.NamedMatch;
import io.selvage.model.routing.StringMatch;
import java.util.Optional;

/** What a Mapping says about the host of a request. */
sealed interface HostCondition {
  /** Nothing: the Host's selector alone decides. */
  record Unset() implements HostCondition {}

  /** {@code hostname}, a DNS glob. */
  record Glob(HostPattern pattern) implements HostCondition {}

  /** {@code host} with {@code host_regex}: attaches to every Host. */
  record Regex(String regex) implements HostCondition {}

  /** As part of a group's key. */
  default String key() {
    return switch (this) {
      case Unset() -> "";
      case Glob(HostPattern pattern) -> pattern.toString();
      case Regex(String regex) -> "regex:" + regex;
    };
  }

  /**
   * What it adds to the length by which routes are ordered: the pseudo-header's name and value. A
   * lone star says nothing and adds nothing.
   */
  default int length() {
    return switch (this) {
      case Unset() -> 0;
      case Glob(HostPattern p) when p.kind() == HostPattern.Kind.ANY -> 0;
      case Glob(HostPattern p) -> NamedMatch.HOST.length() + p.toString().length();
      case Regex(String regex) -> NamedMatch.HOST.length() + regex.length() + 1;
    };
  }

  /** The condition left to check in a virtual host; empty where the virtual host implies it. */
  default Optional<NamedMatch> within(HostPattern virtualHost) {
    return switch (this) {
      case Unset() -> Optional.empty();
      case Glob(HostPattern p) when HostGlob.covers(p, virtualHost) -> Optional.empty();
      case Glob(HostPattern p) ->
          Optional.of(
              new NamedMatch(
                  NamedMatch.HOST,
                  p.kind() == HostPattern.Kind.EXACT
                      ? StringMatch.exact(p.text())
                      : StringMatch.regex(HostGlob.regex(p))));
      case Regex(String regex) ->
          Optional.of(new NamedMatch(NamedMatch.HOST, StringMatch.regex(regex)));
    };
  }
}
