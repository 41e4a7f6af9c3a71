// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The images of {@code mvn -Pimages package} by the OCI image specification: digests that hold, a
 * user without rights, labels, a size within bounds, and a list of parts that leaves out nothing.
 * Skipped where they have not been made.
 */
final class ImagesIT {
  private static final Path IMAGES =
      Path.of(System.getProperty("selvage.root")).resolve("target/images");
  private static final String HOME = "opt/selvage/";

  /** Of a packed image, which is what is kept and sent, in bytes. */
  private static final long LIMIT = 130_000_000;

  @TempDir Path dir;

  private final ObjectMapper json = new ObjectMapper();

  @ParameterizedTest
  @ValueSource(strings = {"gateway", "control-plane", "injector-webhook", "sidecar"})
  void isAnImage(String component) throws Exception {
    Path archive = IMAGES.resolve(component + ".tar");
    Assumptions.assumeTrue(
        Files.exists(archive), () -> archive + " is missing: `mvn -Pimages package` makes it");
    assertThat(Files.size(archive)).isLessThanOrEqualTo(LIMIT);
    run("tar", "-xf", archive.toString(), "-C", dir.toString());
    try (Stream<Path> blobs = Files.list(dir.resolve("blobs/sha256"))) {
      for (Path blob : blobs.toList()) {
        assertThat(digest(Files.newInputStream(blob))).isEqualTo(blob.getFileName().toString());
      }
    }
    JsonNode index = json.readTree(dir.resolve("index.json").toFile());
    assertThat(index.at("/manifests")).hasSize(1);
    JsonNode manifest = blob(index.at("/manifests/0"));
    JsonNode image = blob(manifest.get("config"));

    JsonNode config = image.get("config");
    assertThat(config.get("User").asText()).matches("[1-9][0-9]*:[1-9][0-9]*");
    assertThat(config.at("/Labels").get("org.opencontainers.image.title").asText())
        .isEqualTo("selvage/" + component);
    for (String label : List.of("version", "revision", "created", "licenses", "description")) {
      assertThat(config.at("/Labels").path("org.opencontainers.image." + label).asText())
          .as(label)
          .isNotBlank();
    }

    var files = new ArrayList<String>();
    JsonNode layers = manifest.get("layers");
    assertThat(image.at("/rootfs/diff_ids")).hasSameSizeAs(layers);
    for (int i = 0; i < layers.size(); i++) {
      Path layer = path(layers.get(i));
      assertThat(Files.size(layer)).isEqualTo(layers.get(i).get("size").asLong());
      try (InputStream unpacked =
          new GZIPInputStream(new BufferedInputStream(Files.newInputStream(layer)))) {
        assertThat("sha256:" + digest(unpacked))
            .isEqualTo(image.at("/rootfs/diff_ids").get(i).asText());
      }
      files.addAll(run("tar", "-tzf", layer.toString()));
    }
    String[] entrypoint = strings(config.get("Entrypoint"));
    assertThat(files)
        .contains(entrypoint[0].substring(1), HOME + "command", HOME + "sbom.cdx.json")
        .contains("etc/passwd", "tmp/")
        .noneMatch(name -> name.startsWith("/") || name.contains(".."))
        .noneMatch(name -> name.endsWith("/sh") || name.endsWith("/bash"));
    if (component.equals("sidecar")) {
      assertThat(files)
          .contains("usr/sbin/iptables-nft-restore", "usr/sbin/ip6tables-legacy-restore");
    }

    List<String> command =
        Files.readAllLines(IMAGES.resolve(component + "/root/" + HOME + "command"));
    String[] jars = command.get(command.indexOf("-cp") + 1).split(":");
    assertThat(jars).isNotEmpty().allMatch(jar -> files.contains(jar.substring(1)));
    JsonNode parts = json.readTree(IMAGES.resolve(component + ".cdx.json").toFile());
    assertThat(parts.get("bomFormat").asText()).isEqualTo("CycloneDX");
    List<String> named =
        StreamSupport.stream(parts.get("components").spliterator(), false)
            .map(part -> part.get("bom-ref").asText())
            .toList();
    assertThat(jars).allMatch(jar -> named.contains(jar.substring(jar.lastIndexOf('/') + 1)));
    assertThat(named).contains("jdk");
  }

  private JsonNode blob(JsonNode descriptor) throws IOException {
    return json.readTree(path(descriptor).toFile());
  }

  private Path path(JsonNode descriptor) {
    return dir.resolve("blobs").resolve(descriptor.get("digest").asText().replace(':', '/'));
  }

  private static String[] strings(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false)
        .map(JsonNode::asText)
        .toArray(String[]::new);
  }

  private static String digest(InputStream in) throws Exception {
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    try (in) {
      byte[] buffer = new byte[65_536];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        sha.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(sha.digest());
  }

  private List<String> run(String... command) throws Exception {
    Path out = Files.createTempFile(dir, "out", "");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(out)).isZero();
    return Files.readAllLines(out);
  }
}
