// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import com.google.re2j.Matcher;
import java.util.ArrayList;
import java.util.List;

/**
 * The replacement text of a regex rewrite in RE2's own notation: {@code \0} to {@code \9} are
 * groups, nothing else is special. RE2's {@code \\} (a backslash) is refused, for no path may hold
 * one.
 */
final class Substitution {
  /** Text when group is -1, else a group. */
  private record Piece(String text, int group) {}

  private final List<Piece> pieces;

  private Substitution(List<Piece> pieces) {
    this.pieces = pieces;
  }

  /**
   * @throws BadRouteException if a backslash is followed by anything but a digit
   */
  static Substitution parse(String text, String pattern) {
    var pieces = new ArrayList<Piece>();
    var literal = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c != '\\') {
        literal.append(c);
        continue;
      }
      char group = at < text.length() ? text.charAt(at++) : ' ';
      if (group < '0' || group > '9') {
        throw new BadRouteException(
            "InvalidSubstitution",
            "the substitution " + text + " of " + pattern + " has a backslash without a group");
      }
      flush(literal, pieces);
      pieces.add(new Piece("", group - '0'));
    }
    flush(literal, pieces);
    return new Substitution(pieces);
  }

  private static void flush(StringBuilder literal, List<Piece> pieces) {
    if (!literal.isEmpty()) {
      pieces.add(new Piece(PathText.canonical(literal.toString()), -1));
      literal.setLength(0);
    }
  }

  /**
   * @throws BadRouteException if a group is used that the expression does not have
   */
  void checkGroups(int groupCount) {
    for (Piece piece : pieces) {
      if (piece.group() > groupCount) {
        throw new BadRouteException(
            "InvalidSubstitution",
            "the substitution uses group "
                + piece.group()
                + " but the expression has only "
                + groupCount);
      }
    }
  }

  void append(StringBuilder out, Matcher matcher) {
    for (Piece piece : pieces) {
      if (piece.group() < 0) {
        out.append(piece.text());
      } else {
        String group = matcher.group(piece.group());
        if (group != null) {
          out.append(group);
        }
      }
    }
  }
}
