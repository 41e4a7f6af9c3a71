// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.RouteRank;
import io.selvage.model.crd.BoolOrString;
import io.selvage.model.crd.Mapping;
import io.selvage.model.crd.MappingSpec;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.NamedMatch;
import io.selvage.model.routing.PathMatch;
import io.selvage.model.routing.RouteMatch;
import io.selvage.model.routing.StringMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * When a Mapping applies, with its place in the order and the key of its canary group.
 *
 * @param host what it says about the host; not part of {@code match}
 * @param rank order inside a virtual host
 * @param groupKey Mappings of a virtual host with equal keys share the traffic by weight. Rewrites,
 *     timeouts and the flags prefix_exact and prefix_regex are deliberately no part of it
 */
record MappingMatch(HostCondition host, RouteMatch match, RouteRank rank, String groupKey) {

  /** Reads the conditions of a Mapping; empty if one cannot be used, which is then reported. */
  static Optional<MappingMatch> read(
      Mapping mapping, MappingSpec spec, int regexMaxSize, Findings findings) {
    return new Reader(mapping, spec, regexMaxSize, findings).read();
  }

  /** The conditions for use in a virtual host, the host's own included where still needed. */
  RouteMatch within(HostPattern virtualHost) {
    var hostMatch = host.within(virtualHost);
    if (hostMatch.isEmpty()) {
      return match;
    }
    var headers = new ArrayList<NamedMatch>();
    headers.add(hostMatch.get());
    headers.addAll(match.headers());
    return new RouteMatch(match.path(), match.method(), headers, match.queryParameters());
  }

  private static final class Reader {
    private final Mapping mapping;
    private final MappingSpec spec;
    private final int regexMaxSize;
    private final Findings findings;

    Reader(Mapping mapping, MappingSpec spec, int regexMaxSize, Findings findings) {
      this.mapping = mapping;
      this.spec = spec;
      this.regexMaxSize = regexMaxSize;
      this.findings = findings;
    }

    Optional<MappingMatch> read() {
      var path = path();
      var host = host();
      var method = method();
      var headers =
          named("headers", spec.headers(), spec.regexHeaders(), spec.v2BoolHeaders(), true);
      var query =
          named(
              "query_parameters",
              spec.queryParameters(),
              spec.regexQueryParameters(),
              spec.v2BoolQueryParameters(),
              false);
      if (path.isEmpty() || host.isEmpty() || findings.isFatal()) {
        return Optional.empty();
      }
      var match = new RouteMatch(path.get(), method, headers, query);
      return Optional.of(
          new MappingMatch(
              host.get(), match, rank(match, host.get()), groupKey(match, host.get())));
    }

    private Optional<PathMatch> path() {
      String prefix = spec.prefix() == null ? "" : spec.prefix();
      boolean caseSensitive = spec.caseSensitive() == null || spec.caseSensitive();
      if (prefix.isEmpty()) {
        findings.error("spec.prefix", "MissingField", "prefix is required");
        return Optional.empty();
      }
      // Both flags set: the expression wins.
      if (Boolean.TRUE.equals(spec.prefixRegex())) {
        return Regexes.check(prefix, "spec.prefix", regexMaxSize, findings)
            ? Optional.of(new PathMatch.Regex(prefix, caseSensitive))
            : Optional.empty();
      }
      if (prefix.charAt(0) != '/') {
        findings.invalid(
            "spec.prefix", "prefix " + prefix + " does not begin with / and can match no path");
        return Optional.empty();
      }
      return Optional.of(
          Boolean.TRUE.equals(spec.prefixExact())
              ? new PathMatch.Exact(prefix, caseSensitive)
              : new PathMatch.Prefix(prefix, caseSensitive));
    }

    /** hostname, or its deprecated form host, or an exact :authority header. */
    private Optional<HostCondition> host() {
      BoolOrString authority = spec.headers().get(NamedMatch.HOST);
      String host = spec.host();
      String hostname = spec.hostname();
      if (hostname != null && host != null) {
        findings.warning(
            "spec.host", "Conflict", "hostname and host are both set; hostname is used");
      }
      if (hostname == null && host == null && authority != null) {
        host = authority.text();
      }
      if (hostname == null && host != null && Boolean.TRUE.equals(spec.hostRegex())) {
        return Regexes.check(host, "spec.host", regexMaxSize, findings)
            ? Optional.of(new HostCondition.Regex(host))
            : Optional.empty();
      }
      if (hostname == null && host != null && mapping.predatesV3()) {
        // In v2 host is what v3alpha1 calls hostname.
        hostname = host;
      }
      if (hostname != null) {
        return glob("spec.hostname", hostname);
      }
      if (host != null) {
        if (host.indexOf('*') >= 0) {
          findings.invalid("spec.host", "host " + host + " contains a *; use hostname for globs");
          return Optional.empty();
        }
        return glob("spec.host", host);
      }
      // A v2 Mapping without host answered to every host; in v3alpha1 a Host must select it.
      return Optional.of(
          mapping.predatesV3()
              ? new HostCondition.Glob(HostPattern.any())
              : new HostCondition.Unset());
    }

    private Optional<HostCondition> glob(String field, String text) {
      var pattern = HostGlob.parse(text);
      if (pattern.isEmpty()) {
        findings.invalid(
            field, text + " is not a host name, nor a name with one * at its beginning or its end");
      }
      return pattern.map(HostCondition.Glob::new);
    }

    private Optional<StringMatch> method() {
      String method = spec.method();
      if (method == null || method.isEmpty()) {
        return Optional.empty();
      }
      if (Boolean.TRUE.equals(spec.methodRegex())) {
        return Regexes.check(method, "spec.method", regexMaxSize, findings)
            ? Optional.of(StringMatch.regex(method))
            : Optional.empty();
      }
      return Optional.of(StringMatch.exact(method));
    }

    private List<NamedMatch> named(
        String field,
        Map<String, BoolOrString> exact,
        Map<String, String> regex,
        List<String> present,
        boolean headers) {
      // Sorted, because the order of a map in a manifest means nothing.
      var out = new TreeMap<String, StringMatch>();
      exact.forEach((name, value) -> {
        if (headers && name.equals(NamedMatch.HOST)) {
          return;
        }
        if (value.isFalse()) {
          findings.invalid(
              "spec." + field, field + " " + name + ": false is neither a value nor true");
          return;
        }
        out.put(
            key(name, headers),
            value.isTrue() ? StringMatch.present() : StringMatch.exact(value.text()));
      });
      present.forEach(name -> out.put(key(name, headers), StringMatch.present()));
      regex.forEach((name, value) -> {
        if (Regexes.check(value, "spec.regex_" + field, regexMaxSize, findings)) {
          out.put(key(name, headers), StringMatch.regex(value));
        }
      });
      return out.entrySet().stream().map(e -> new NamedMatch(e.getKey(), e.getValue())).toList();
    }

    private static String key(String name, boolean header) {
      return header ? name.toLowerCase(Locale.ROOT) : name;
    }

    private RouteRank rank(RouteMatch match, HostCondition host) {
      int headerLength = host.length() + match.headers().stream().mapToInt(Reader::length).sum();
      if (match.method().isPresent()) {
        headerLength += length(new NamedMatch(":method", match.method().get()));
      }
      return new RouteRank(
          spec.precedence() == null ? 0 : spec.precedence(),
          match.path().text().length(),
          headerLength,
          match.queryParameters().stream().mapToInt(Reader::length).sum(),
          String.join(
              "\u0001",
              match.path().text(),
              match.method().map(StringMatch::text).orElse(""),
              texts(match.headers()),
              texts(match.queryParameters())));
    }

    private static String texts(List<NamedMatch> conditions) {
      return String.join("\u0002", conditions.stream().map(Reader::text).toList());
    }

    /** A presence condition counts as the one-character value Emissary gives it. */
    private static int length(NamedMatch m) {
      int value =
          switch (m.value().kind()) {
            case EXACT -> m.value().text().length();
            case REGEX -> m.value().text().length() + 1;
            case PRESENT -> 1;
          };
      return m.name().length() + value;
    }

    private static String text(NamedMatch m) {
      String value = m.value().kind() == StringMatch.Kind.PRESENT ? "*" : m.value().text();
      return m.name() + '-' + value;
    }

    private String groupKey(RouteMatch match, HostCondition host) {
      return String.join(
          "\n",
          match.method().map(StringMatch::text).orElse(""),
          match.path().text(),
          texts(match.headers()),
          texts(match.queryParameters()),
          host.key(),
          Integer.toString(spec.precedence() == null ? 0 : spec.precedence()));
    }
  }
}
