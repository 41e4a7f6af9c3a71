// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Routes by path: a compressed trie over the texts of exact, prefix and element-prefix conditions,
 * and over the literal beginnings of expressions. Walking it along a path meets every route whose
 * text the path begins with, and no other. Built once, then only read.
 *
 * <p>Case-insensitive routes live in a second trie, whose texts are lower case and whose walk folds
 * the path's letters.
 */
final class PathTrie {
  private static final int LINEAR_CHILDREN = 6;

  /** A text that some route has, or where texts part. */
  static final class Node {
    private String label;
    private char[] firsts = new char[0];
    private Node[] children = new Node[0];
    // Children by first character minus tableBase, where there are many; null otherwise.
    private @Nullable Node @Nullable [] table;
    private int tableBase;

    /** Length of the text from the root to here. */
    final int depth;

    final RouteList exact = new RouteList();
    final RouteList prefix = new RouteList();
    final RouteList element = new RouteList();
    final RouteList regex = new RouteList();

    Node(String label, int depth) {
      this.label = label;
      this.depth = depth;
    }

    private @Nullable Node child(char first) {
      Node[] direct = table;
      if (direct != null) {
        int at = first - tableBase;
        return at >= 0 && at < direct.length ? direct[at] : null;
      }
      char[] candidates = firsts;
      for (int i = 0; i < candidates.length; i++) {
        if (candidates[i] == first) {
          return children[i];
        }
      }
      return null;
    }

    private void put(Node child) {
      char first = child.label.charAt(0);
      int at = Arrays.binarySearch(firsts, first);
      if (at >= 0) {
        children[at] = child;
        return;
      }
      int n = firsts.length;
      int insert = -at - 1;
      firsts = Arrays.copyOf(firsts, n + 1);
      children = Arrays.copyOf(children, n + 1);
      System.arraycopy(firsts, insert, firsts, insert + 1, n - insert);
      System.arraycopy(children, insert, children, insert + 1, n - insert);
      firsts[insert] = first;
      children[insert] = child;
    }

    private void freeze() {
      exact.trim();
      prefix.trim();
      element.trim();
      regex.trim();
      if (firsts.length > LINEAR_CHILDREN) {
        tableBase = firsts[0];
        table = new Node[firsts[firsts.length - 1] - tableBase + 1];
        for (int i = 0; i < firsts.length; i++) {
          table[firsts[i] - tableBase] = children[i];
        }
      }
      for (Node child : children) {
        child.freeze();
      }
    }

    private boolean isEmpty() {
      return exact.size() == 0 && prefix.size() == 0 && element.size() == 0 && regex.size() == 0;
    }
  }

  /** Routes of one text in ascending order. */
  static final class RouteList {
    private static final CompiledRoute[] NONE = {};
    private CompiledRoute[] routes = NONE;
    private int size;

    int size() {
      return size;
    }

    CompiledRoute get(int i) {
      return routes[i];
    }

    private void add(CompiledRoute route) {
      // The same text with no further condition above it: this one can never win.
      if (size > 0 && routes[size - 1].isUnconditional()) {
        return;
      }
      append(route);
    }

    private void append(CompiledRoute route) {
      if (size == routes.length) {
        routes = Arrays.copyOf(routes, Math.max(1, size * 2));
      }
      routes[size++] = route;
    }

    private void trim() {
      routes = size == 0 ? NONE : Arrays.copyOf(routes, size);
    }
  }

  private final Node root = new Node("", 0);
  private final boolean foldsCase;
  private int size;

  PathTrie(boolean foldsCase) {
    this.foldsCase = foldsCase;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Adds a route; to be called in ascending order of the routes, before {@link #freeze()}. */
  void add(CompiledRoute route) {
    PathMatcher path = route.path();
    size++;
    switch (path.kind) {
      case EXACT -> node(path.text).exact.add(route);
      case PREFIX -> node(path.text).prefix.add(route);
      case ELEMENT_PREFIX -> node(path.text).element.add(route);
      // Different expressions share a node, so that none makes another unreachable.
      case REGEX -> node(path.literalPrefix()).regex.append(route);
    }
  }

  /** Ends building. */
  void freeze() {
    root.freeze();
  }

  /**
   * Collects the nodes whose text begins {@code path} and that hold routes, shallow ones first.
   *
   * @return how many were written to {@code into.visited}
   */
  int walk(String path, RouteHit into) {
    int visited = 0;
    int at = 0;
    Node node = root;
    while (true) {
      if (!node.isEmpty()) {
        into.visit(visited++, node);
      }
      if (at >= path.length()) {
        return visited;
      }
      char next = path.charAt(at);
      Node child = node.child(foldsCase ? fold(next) : next);
      if (child == null || !continues(path, at, child.label)) {
        return visited;
      }
      at += child.label.length();
      node = child;
    }
  }

  private boolean continues(String path, int at, String label) {
    if (!foldsCase) {
      return path.startsWith(label, at);
    }
    if (path.length() - at < label.length()) {
      return false;
    }
    for (int i = 1; i < label.length(); i++) {
      if (fold(path.charAt(at + i)) != label.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private Node node(String text) {
    Node node = root;
    int at = 0;
    while (at < text.length()) {
      Node child = node.child(text.charAt(at));
      if (child == null) {
        var leaf = new Node(text.substring(at), text.length());
        node.put(leaf);
        return leaf;
      }
      int common = commonLength(child.label, text, at);
      if (common < child.label.length()) {
        var middle = new Node(child.label.substring(0, common), at + common);
        child.label = child.label.substring(common);
        middle.put(child);
        node.put(middle);
        child = middle;
      }
      at += common;
      node = child;
    }
    return node;
  }

  private static int commonLength(String label, String text, int at) {
    int limit = Math.min(label.length(), text.length() - at);
    int i = 1;
    while (i < limit && label.charAt(i) == text.charAt(at + i)) {
      i++;
    }
    return i;
  }

  private static char fold(char c) {
    return c >= 'A' && c <= 'Z' ? (char) (c | 0x20) : c;
  }
}
