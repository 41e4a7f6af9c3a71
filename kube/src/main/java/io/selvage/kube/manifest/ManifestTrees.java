// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Manifests as trees, unknown fields and the order of keys included, for whoever changes a few
 * fields and writes the rest back as it was. Comments are lost.
 */
public final class ManifestTrees {
  private ManifestTrees() {}

  /**
   * One document.
   *
   * @param line where it begins or what is wrong with it, counted from 1
   * @param json null if it cannot be read
   * @param fault why not; empty if it can
   */
  public record Document(int line, @Nullable JsonNode json, String fault) {}

  /**
   * Reads a text with all its documents, in order; values mean what kubectl takes them for.
   *
   * @param json whether it is JSON rather than YAML
   */
  public static List<Document> read(String text, boolean json) {
    var documents = json ? JsonDocuments.read(text) : YamlDocuments.read(text);
    return documents.stream().map(ManifestTrees::document).toList();
  }

  private static Document document(io.selvage.kube.manifest.Document read) {
    Tree root = read.root();
    var fault = read.fault();
    if (root != null) {
      return new Document(root.line(), root.json(), "");
    }
    return fault == null
        ? new Document(0, null, "it cannot be read")
        : new Document(fault.line(), null, fault.message());
  }
}
