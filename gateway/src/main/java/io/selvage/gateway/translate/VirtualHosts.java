// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.HostPattern.Kind;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** How the host patterns of a table relate. */
public final class VirtualHosts {
  /** The data path's order: exact, longest wildcard suffix, longest prefix, any. */
  public static final Comparator<HostPattern> MOST_SPECIFIC_FIRST =
      Comparator.comparingInt((HostPattern p) -> rank(p.kind()))
          .thenComparing(Comparator.comparingInt((HostPattern p) -> p.text().length()).reversed())
          .thenComparing(HostPattern::kind)
          .thenComparing(HostPattern::text);

  private VirtualHosts() {}

  private static int rank(Kind kind) {
    return switch (kind) {
      case EXACT -> 0;
      case ONE_LABEL, SUFFIX -> 1;
      case PREFIX -> 2;
      case ANY -> 3;
    };
  }

  /** True if every name that {@code narrow} matches is matched by {@code wide} too. */
  public static boolean covers(HostPattern wide, HostPattern narrow) {
    if (wide.equals(narrow)) {
      return true;
    }
    return switch (wide.kind()) {
      case ANY -> true;
      case EXACT -> false;
      case ONE_LABEL -> narrow.kind() == Kind.EXACT && wide.matches(narrow.text());
      case SUFFIX ->
          switch (narrow.kind()) {
            case EXACT -> wide.matches(narrow.text());
            case ONE_LABEL, SUFFIX -> narrow.text().endsWith(wide.text());
            case PREFIX, ANY -> false;
          };
      case PREFIX ->
          (narrow.kind() == Kind.EXACT || narrow.kind() == Kind.PREFIX)
              && narrow.text().startsWith(wide.text())
              && (narrow.kind() == Kind.PREFIX || wide.matches(narrow.text()));
    };
  }

  /** The most specific of some virtual hosts that covers a pattern. */
  public static Optional<VirtualHostBuilder> mostSpecificCovering(
      Collection<VirtualHostBuilder> among, HostPattern pattern) {
    return among.stream()
        .filter(v -> covers(v.host(), pattern))
        .min(Comparator.comparing(VirtualHostBuilder::host, MOST_SPECIFIC_FIRST));
  }
}
