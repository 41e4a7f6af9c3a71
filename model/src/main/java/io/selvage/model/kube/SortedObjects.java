// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import io.selvage.model.SourceLocation;
import java.util.AbstractCollection;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Objects of one kind in the order of their names, immutable: a balanced tree (AVL) whose {@link
 * #with} and {@link #without} copy only the path from the root, about 14 nodes for 10,000 objects.
 */
final class SortedObjects {
  static final SortedObjects EMPTY = new SortedObjects(null);

  private final @Nullable Node root;

  private SortedObjects(@Nullable Node root) {
    this.root = root;
  }

  /** An object and where it was read from. */
  record Entry(KubeObject object, @Nullable SourceLocation location) {}

  /** A subtree; height and size are kept to balance and count without walking. */
  private record Node(
      ObjectRef ref,
      Entry entry,
      @Nullable Node left,
      @Nullable Node right,
      int height,
      int size) {}

  int size() {
    return sizeOf(root);
  }

  @Nullable Entry get(ObjectRef ref) {
    Node node = root;
    while (node != null) {
      int order = ref.compareTo(node.ref);
      if (order == 0) {
        return node.entry;
      }
      node = order < 0 ? node.left : node.right;
    }
    return null;
  }

  SortedObjects with(Entry entry) {
    return new SortedObjects(insert(root, entry.object().ref(), entry));
  }

  SortedObjects without(ObjectRef ref) {
    return get(ref) == null ? this : new SortedObjects(delete(root, ref));
  }

  void forEachRef(Consumer<ObjectRef> action) {
    var nodes = new InOrder(root);
    while (nodes.hasNext()) {
      action.accept(nodes.nextNode().ref);
    }
  }

  /** A live view cannot change, because nothing here does. */
  <T extends KubeObject> Collection<T> values(Class<T> type) {
    return new AbstractCollection<>() {
      @Override
      public Iterator<T> iterator() {
        var nodes = new InOrder(root);
        return new Iterator<>() {
          @Override
          public boolean hasNext() {
            return nodes.hasNext();
          }

          @Override
          public T next() {
            return type.cast(nodes.nextNode().entry.object());
          }
        };
      }

      @Override
      public int size() {
        return sizeOf(root);
      }
    };
  }

  private static Node insert(@Nullable Node node, ObjectRef ref, Entry entry) {
    if (node == null) {
      return node(ref, entry, null, null);
    }
    int order = ref.compareTo(node.ref);
    if (order == 0) {
      return node(ref, entry, node.left, node.right);
    }
    return order < 0
        ? balanced(node.ref, node.entry, insert(node.left, ref, entry), node.right)
        : balanced(node.ref, node.entry, node.left, insert(node.right, ref, entry));
  }

  private static @Nullable Node delete(@Nullable Node node, ObjectRef ref) {
    if (node == null) {
      return null;
    }
    int order = ref.compareTo(node.ref);
    if (order < 0) {
      return balanced(node.ref, node.entry, delete(node.left, ref), node.right);
    }
    if (order > 0) {
      return balanced(node.ref, node.entry, node.left, delete(node.right, ref));
    }
    if (node.left == null) {
      return node.right;
    }
    if (node.right == null) {
      return node.left;
    }
    Node next = node.right;
    while (next.left != null) {
      next = next.left;
    }
    return balanced(next.ref, next.entry, node.left, delete(node.right, next.ref));
  }

  /** A node over two subtrees whose heights differ by two at most, rotated until by one at most. */
  private static Node balanced(
      ObjectRef ref, Entry entry, @Nullable Node left, @Nullable Node right) {
    int lean = heightOf(left) - heightOf(right);
    if (lean > 1 && left != null) {
      Node inner = left.right;
      if (inner != null && heightOf(left.left) < inner.height) {
        return node(
            inner.ref,
            inner.entry,
            node(left.ref, left.entry, left.left, inner.left),
            node(ref, entry, inner.right, right));
      }
      return node(left.ref, left.entry, left.left, node(ref, entry, inner, right));
    }
    if (lean < -1 && right != null) {
      Node inner = right.left;
      if (inner != null && heightOf(right.right) < inner.height) {
        return node(
            inner.ref,
            inner.entry,
            node(ref, entry, left, inner.left),
            node(right.ref, right.entry, inner.right, right.right));
      }
      return node(right.ref, right.entry, node(ref, entry, left, inner), right.right);
    }
    return node(ref, entry, left, right);
  }

  private static Node node(ObjectRef ref, Entry entry, @Nullable Node left, @Nullable Node right) {
    return new Node(
        ref,
        entry,
        left,
        right,
        1 + Math.max(heightOf(left), heightOf(right)),
        1 + sizeOf(left) + sizeOf(right));
  }

  private static int heightOf(@Nullable Node node) {
    return node == null ? 0 : node.height;
  }

  private static int sizeOf(@Nullable Node node) {
    return node == null ? 0 : node.size;
  }

  /** Walks a tree from the smallest name to the greatest. */
  private static final class InOrder {
    private final ArrayDeque<Node> path = new ArrayDeque<>();

    InOrder(@Nullable Node root) {
      descend(root);
    }

    boolean hasNext() {
      return !path.isEmpty();
    }

    Node nextNode() {
      Node node = path.poll();
      if (node == null) {
        throw new NoSuchElementException();
      }
      descend(node.right);
      return node;
    }

    private void descend(@Nullable Node from) {
      for (Node node = from; node != null; node = node.left) {
        path.push(node);
      }
    }
  }
}
