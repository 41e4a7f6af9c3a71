// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.golden;

import io.selvage.gateway.compile.CompileResult;
import io.selvage.gateway.compile.GatewayCompiler;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.kube.manifest.ManifestReader;
import io.selvage.model.kube.ClusterState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * One folder of manifests.
 *
 * @param folder where its files are
 */
public record Scenario(Path folder) {
  /** Certificates of the scenarios are valid around this day. */
  public static final Instant TODAY = Instant.parse("2030-01-01T00:00:00Z");

  /** Every scenario of a suite, by name. */
  public static List<Scenario> of(Path suite) {
    return list(suite).filter(Files::isDirectory).map(Scenario::new).toList();
  }

  /** Where the suites are, whatever the working folder. */
  public static Path root() {
    String selvage = System.getProperty("selvage.root", "..");
    return Path.of(selvage, "gateway", "src", "test", "resources", "golden");
  }

  public String name() {
    return folder.getFileName().toString();
  }

  /** The objects of all {@code in-*.yaml}, with the problems of reading them. */
  public ClusterState state() {
    var builder = ClusterState.builder();
    list(folder)
        .filter(f -> f.getFileName().toString().startsWith("in-"))
        .forEach(file -> {
          var read = ManifestReader.read(file.getFileName().toString(), text(file));
          read.objects().forEach(o -> builder.add(o.object(), o.location()));
          read.problems().forEach(builder::problem);
        });
    return builder.build();
  }

  public CompileOptions options() {
    return CompileOptions.defaults().withClock(() -> TODAY);
  }

  public CompileResult compile() {
    return GatewayCompiler.standard().compile(state(), options());
  }

  static Stream<Path> list(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
