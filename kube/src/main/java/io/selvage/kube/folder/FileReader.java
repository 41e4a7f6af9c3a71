// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.folder;

import io.selvage.kube.KindSelection;
import io.selvage.kube.manifest.ManifestFile;
import io.selvage.kube.manifest.ManifestReader;
import io.selvage.model.Problem;
import io.selvage.model.Problem.Severity;
import io.selvage.model.SourceLocation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Reads one file of the folder within the size limit and as UTF-8, never more or other. */
final class FileReader {
  /**
   * Longest line of a YAML file in bytes. The parser's time grows with the square of a line's
   * length; the longest honest line is a Secret's value, 1 MiB in base64. JSON is not bounded: one
   * line may be a whole file, and its parser does not mind.
   */
  static final int MAX_YAML_LINE_BYTES = 1_500_000;

  private FileReader() {}

  /**
   * Reads a manifest.
   *
   * @param path where it is
   * @param name path relative to the folder
   * @param stamp what the scan saw
   * @param maxBytes largest size accepted
   * @param selection kinds to read
   */
  static ManifestFile read(
      Path path, String name, FolderScan.Stamp stamp, int maxBytes, KindSelection selection) {
    if (!stamp.regular()) {
      return refuse(name, 0, "FileUnreadable", "not a regular file, or a link to nothing");
    }
    try (InputStream in = Files.newInputStream(path)) {
      // One byte more than allowed shows that there is more, whatever the size was at the scan.
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        String message = "larger than the limit of %d bytes".formatted(maxBytes);
        return refuse(name, 0, "FileTooLarge", message);
      }
      return decode(name, bytes, selection);
    } catch (AccessDeniedException e) {
      return refuse(name, 0, "FileUnreadable", "permission denied");
    } catch (IOException e) {
      return refuse(name, 0, "FileUnreadable", e.getClass().getSimpleName());
    }
  }

  private static ManifestFile decode(String name, byte[] bytes, KindSelection selection) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    if (!name.endsWith(".json")) {
      int tooLong = lineTooLong(bytes);
      if (tooLong > 0) {
        String message = "a line is longer than the limit of " + MAX_YAML_LINE_BYTES + " bytes";
        return refuse(name, tooLong, "LineTooLong", message);
      }
    }
    var in = ByteBuffer.wrap(bytes);
    var out = CharBuffer.allocate(bytes.length + 1);
    if (decoder.decode(in, out, true).isError()) {
      int line = 1;
      for (int i = 0; i < in.position(); i++) {
        line += bytes[i] == '\n' ? 1 : 0;
      }
      return refuse(name, line, "NotUtf8", "not UTF-8 text");
    }
    String text = out.flip().toString();
    return ManifestReader.read(
        name, text.startsWith("\uFEFF") ? text.substring(1) : text, selection);
  }

  /** Number of the first line beyond the limit, or 0. */
  private static int lineTooLong(byte[] bytes) {
    int line = 1;
    int start = 0;
    for (int i = 0; i <= bytes.length; i++) {
      if (i == bytes.length || bytes[i] == '\n') {
        if (i - start > MAX_YAML_LINE_BYTES) {
          return line;
        }
        line++;
        start = i + 1;
      }
    }
    return 0;
  }

  private static ManifestFile refuse(String name, int line, String reason, String message) {
    return ManifestFile.unreadable(
        new Problem(
            Severity.ERROR,
            Optional.empty(),
            Optional.of(new SourceLocation(name, line)),
            "",
            reason,
            message));
  }
}
