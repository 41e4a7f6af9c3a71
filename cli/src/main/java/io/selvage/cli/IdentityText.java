// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;

/** Writes the state of identity for people. */
final class IdentityText {
  /** Names in one line; the JSON form has more. */
  private static final int MAX_NAMES = 5;

  private final PrintWriter out;

  IdentityText(PrintWriter out) {
    this.out = out;
  }

  void print(JsonNode view) {
    line("trust domain  " + view.path("trustDomain").asText());
    JsonNode issuer = view.path("issuer");
    line("issuer        " + (issuer.isObject() ? authority(issuer) : "none"));
    for (JsonNode anchor : view.path("anchors")) {
      line("anchor        " + authority(anchor));
    }
    line("leaves        valid for " + text(view.path("leafLifetimeSeconds").asLong()));
    line("bundle        " + shortened(view.path("fingerprint").asText()));
    for (JsonNode group : view.path("proxies")) {
      boolean current = group.path("current").asBoolean();
      String names = current ? "" : ": " + names(group.path("names"), group.path("count").asInt());
      line(
          "proxies       %d with bundle %s%s%s"
              .formatted(
                  group.path("count").asInt(),
                  shortened(group.path("fingerprint").asText()),
                  current ? " (current)" : " (not the current one)",
                  names));
    }
    if (view.path("proxies").isEmpty()) {
      line("proxies       none connected");
    }
    line("rotation      " + rotation(view.path("rotation")));
    for (JsonNode problem : view.path("problems")) {
      line("problem       " + problem.asText());
    }
  }

  /** One line: the phase, and what it waits for. */
  static String rotation(JsonNode rotation) {
    String phase = rotation.path("phase").asText();
    var line = new StringBuilder(phase);
    if (!rotation.path("startedAt").asText().isEmpty()) {
      line.append(", begun ").append(rotation.path("startedAt").asText());
    }
    if (phase.equals("renewing")) {
      line.append(", the last old leaf ends ").append(rotation.path("oldLeavesEnd").asText());
    }
    int waiting = rotation.path("waiting").asInt();
    if (waiting > 0) {
      line.append(rotation.path("held").asBoolean() ? ", held up by " : ", waits for ")
          .append(waiting)
          .append(waiting == 1 ? " proxy: " : " proxies: ")
          .append(names(rotation.path("waitingFor"), waiting));
    }
    JsonNode silent = rotation.path("silentReplicas");
    if (!silent.isEmpty()) {
      line.append(", waits to hear from replicas ").append(names(silent, silent.size()));
    }
    if (!rotation.path("trouble").asText().isEmpty()) {
      line.append(", trouble: ").append(rotation.path("trouble").asText());
    }
    return TerminalText.line(line.toString());
  }

  static String names(JsonNode names, int count) {
    List<String> shown = new ArrayList<>();
    for (JsonNode name : names) {
      if (shown.size() < MAX_NAMES) {
        shown.add(TerminalText.line(name.asText()));
      }
    }
    int more = count - shown.size();
    return String.join(", ", shown) + (more > 0 ? " and " + more + " more" : "");
  }

  private static String authority(JsonNode authority) {
    String end = authority.path("notAfter").asText();
    return "%s, SHA-256 %s, ends %s%s"
        .formatted(
            authority.path("subject").asText(),
            shortened(authority.path("sha256").asText()),
            end,
            left(end));
  }

  private static String left(String end) {
    try {
      long seconds = Duration.between(Instant.now(), Instant.parse(end)).toSeconds();
      return seconds < 0 ? " (ENDED)" : " (in " + text(seconds) + ")";
    } catch (DateTimeParseException e) {
      return "";
    }
  }

  private static String text(long seconds) {
    if (seconds >= 2 * 86_400) {
      return seconds / 86_400 + " days";
    }
    if (seconds >= 2 * 3600) {
      return seconds / 3600 + " hours";
    }
    return seconds >= 120 ? seconds / 60 + " minutes" : seconds + " seconds";
  }

  private static String shortened(String hash) {
    return hash.isEmpty()
        ? "unknown"
        : TerminalText.line(hash.substring(0, Math.min(16, hash.length())));
  }

  private void line(String text) {
    out.println(TerminalText.line(text));
  }
}
