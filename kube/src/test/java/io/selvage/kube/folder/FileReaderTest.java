// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.folder;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.kube.KindSelection;
import io.selvage.kube.manifest.ManifestFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileReaderTest {
  private static final String HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n";

  @TempDir Path dir;

  private ManifestFile read(String name, String text) throws Exception {
    Path file = Files.writeString(dir.resolve(name), text);
    var stamp = FolderScan.Stamp.of(Files.readAttributes(file, BasicFileAttributes.class));
    return FileReader.read(file, name, stamp, 8 * 1024 * 1024, KindSelection.GATEWAY);
  }

  private static String line(int bytes) {
    return "  k: " + "A".repeat(bytes - 5);
  }

  @Test
  void readsALineOfTheLimitAndRefusesOneByteMore() throws Exception {
    ManifestFile longest = read("s.yaml", HEAD + line(FileReader.MAX_YAML_LINE_BYTES) + "\n");
    assertThat(longest.problems()).isEmpty();
    assertThat(longest.objects()).hasSize(1);

    ManifestFile tooLong = read("s.yaml", HEAD + line(FileReader.MAX_YAML_LINE_BYTES + 1));
    assertThat(tooLong.problems())
        .singleElement()
        .hasToString(
            "ERROR s.yaml:5 -: a line is longer than the limit of 1500000 bytes (LineTooLong)");
    assertThat(tooLong.objects()).isEmpty();
  }

  @Test
  void takesALongerLineOfJson() throws Exception {
    String value = "A".repeat(FileReader.MAX_YAML_LINE_BYTES + 1);
    ManifestFile json =
        read(
            "s.json",
            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"data\":{\"k\":\""
                + value
                + "\"}}");
    assertThat(json.objects()).hasSize(1);
  }
}
