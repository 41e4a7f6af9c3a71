// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.kube.manifest.ManifestTrees;
import io.selvage.kube.manifest.YamlWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Manifests in and out of the commands that change them. */
final class ManifestFiles {
  /** Of one file, in bytes; as much as a folder source takes. */
  static final int MAX_BYTES = 8 * 1024 * 1024;

  private ManifestFiles() {}

  /**
   * All documents of a file, of the manifests below a folder, or of standard input for {@code -}.
   *
   * @throws IOException saying which file cannot be read, and why
   */
  static List<JsonNode> read(String path, InputStream stdin) throws IOException {
    if (path.equals("-")) {
      return documents("-", stdin.readNBytes(MAX_BYTES + 1));
    }
    Path root = Path.of(path);
    if (!Files.exists(root)) {
      throw new IOException(path + ": no such file or folder");
    }
    var documents = new ArrayList<JsonNode>();
    for (Path file : files(root)) {
      try (InputStream in = Files.newInputStream(file)) {
        documents.addAll(documents(file.toString(), in.readNBytes(MAX_BYTES + 1)));
      }
    }
    return documents;
  }

  private static List<Path> files(Path root) throws IOException {
    if (!Files.isDirectory(root)) {
      return List.of(root);
    }
    try (Stream<Path> below = Files.walk(root, 32)) {
      return below.filter(Files::isRegularFile).filter(ManifestFiles::isManifest).sorted().toList();
    }
  }

  private static boolean isManifest(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json");
  }

  private static List<JsonNode> documents(String name, byte[] bytes) throws IOException {
    if (bytes.length > MAX_BYTES) {
      throw new IOException(name + ": larger than " + MAX_BYTES + " bytes");
    }
    String text = decoded(name, bytes);
    // On standard input JSON is read as the YAML that it is, too.
    boolean json = name.toLowerCase(Locale.ROOT).endsWith(".json");
    var documents = new ArrayList<JsonNode>();
    for (ManifestTrees.Document document : ManifestTrees.read(text, json)) {
      JsonNode tree = document.json();
      if (tree == null) {
        throw new IOException("%s:%d: %s".formatted(name, document.line(), document.fault()));
      }
      documents.add(tree);
    }
    return documents;
  }

  private static String decoded(String name, byte[] bytes) throws IOException {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new IOException(name + ": not UTF-8 text", e);
    }
  }

  /** Prints documents: YAML with a marker behind each, or JSON one after another. */
  static void print(List<JsonNode> documents, boolean json, PrintWriter out)
      throws JsonProcessingException {
    var writer = new ObjectMapper().writerWithDefaultPrettyPrinter();
    for (JsonNode document : documents) {
      if (json) {
        out.println(writer.writeValueAsString(document));
      } else {
        out.print(YamlWriter.write(document));
        out.println("---");
      }
    }
    out.flush();
  }
}
