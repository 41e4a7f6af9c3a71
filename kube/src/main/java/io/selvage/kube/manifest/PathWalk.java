// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import org.jspecify.annotations.Nullable;

/**
 * Follows a path such as {@code spec.rules[0].http} through a tree. Keys may hold dots and brackets
 * themselves (annotations do), so at each step the longest key that fits is taken.
 */
final class PathWalk {
  private int line;
  private @Nullable Tree found;

  PathWalk(Tree root, String path) {
    line = root.line();
    walk(root, path);
  }

  /** Line of the furthest step that exists. */
  int line() {
    return line;
  }

  /** The value at the end of the path, or null if the path leaves the tree before. */
  @Nullable Tree found() {
    return found;
  }

  private void walk(Tree tree, String rest) {
    if (rest.isEmpty()) {
      found = tree;
      return;
    }
    switch (tree) {
      case Tree.Fields fields -> {
        String wanted = rest.startsWith(".") ? rest.substring(1) : rest;
        String key = longestKey(fields, wanted);
        Tree.Field field = fields.fields().get(key);
        if (field != null) {
          line = field.line();
          walk(field.value(), wanted.substring(key.length()));
        }
      }
      case Tree.Items items -> {
        int close = rest.indexOf(']');
        if (rest.startsWith("[") && close > 1) {
          int index = Integer.parseInt(rest.substring(1, close));
          if (index >= 0 && index < items.items().size()) {
            Tree item = items.items().get(index);
            line = item.line();
            walk(item, rest.substring(close + 1));
          }
        }
      }
      case Tree.Value _ -> {
        // A scalar where the path goes on: its own line is the place.
      }
    }
  }

  private static String longestKey(Tree.Fields fields, String wanted) {
    String best = "";
    for (String key : fields.fields().keySet()) {
      boolean fits =
          wanted.startsWith(key)
              && (wanted.length() == key.length()
                  || wanted.charAt(key.length()) == '.'
                  || wanted.charAt(key.length()) == '[');
      if (fits && key.length() > best.length()) {
        best = key;
      }
    }
    return best;
  }
}
