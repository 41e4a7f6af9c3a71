// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One YAML document or JSON value of a file.
 *
 * @param root null if it could not be read; then {@code fault} says why
 * @param duplicates fields written twice in one mapping; the later one counts, as in Kubernetes
 */
record Document(@Nullable Tree root, @Nullable Fault fault, List<Duplicate> duplicates) {
  static Document of(Tree root, List<Duplicate> duplicates) {
    return new Document(root, null, List.copyOf(duplicates));
  }

  static Document broken(int line, String reason, String message) {
    return new Document(null, new Fault(line, reason, message), List.of());
  }

  /** Why a document could not be read. */
  record Fault(int line, String reason, String message) {}

  /** A field written twice. */
  record Duplicate(int line, String name) {}
}
