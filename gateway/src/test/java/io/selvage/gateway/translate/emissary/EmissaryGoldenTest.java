// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.gateway.compile.CompileResult;
import io.selvage.gateway.compile.GatewayCompiler;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.kube.manifest.ManifestFile;
import io.selvage.kube.manifest.ManifestReader;
import io.selvage.model.crd.Listener;
import io.selvage.model.kube.ClusterState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Each folder below golden-emissary is a scenario: {@code in-*.yaml} are its manifests, {@code
 * out.yaml} what they become, without what every scenario has in common. base.yaml is added to
 * each: Services, endpoints, and a Listener unless the scenario has one of its own. Run with {@code
 * -Dgolden=write} to accept what the compiler does now, and read the difference.
 */
class EmissaryGoldenTest {
  private static final Path ROOT = Path.of("src", "test", "resources", "golden-emissary");
  private static final boolean WRITE = "write".equals(System.getProperty("golden"));

  @TestFactory
  Stream<DynamicTest> scenarios() throws IOException {
    return folders().map(f -> DynamicTest.dynamicTest(f.getFileName().toString(), () -> check(f)));
  }

  private static Stream<Path> folders() throws IOException {
    try (var entries = Files.list(ROOT)) {
      return entries.filter(Files::isDirectory).sorted().toList().stream();
    }
  }

  private static void check(Path folder) throws IOException {
    String actual = GoldenText.of(compile(folder));
    Path expected = folder.resolve("out.yaml");
    if (WRITE) {
      Files.writeString(expected, actual);
      return;
    }
    assertThat(actual).isEqualTo(Files.readString(expected));
  }

  static CompileResult compile(Path folder) throws IOException {
    return compile(folder, false);
  }

  private static CompileResult compile(Path folder, boolean reversed) throws IOException {
    var state = ClusterState.builder();
    var files = new ArrayList<ManifestFile>();
    try (var inputs = Files.list(folder)) {
      for (Path in :
          inputs.filter(p -> p.getFileName().toString().startsWith("in")).sorted().toList()) {
        files.add(ManifestReader.read(in.getFileName().toString(), Files.readString(in)));
      }
    }
    boolean ownListener =
        files.stream()
            .flatMap(f -> f.objects().stream())
            .anyMatch(o -> o.object() instanceof Listener);
    for (var loaded : base().objects()) {
      if (!(ownListener && loaded.object() instanceof Listener)) {
        state.add(loaded.object());
      }
    }
    GoldenSecrets.all().forEach(state::add);
    for (ManifestFile file : files) {
      (reversed ? file.objects().reversed() : file.objects()).forEach(o -> state.add(o.object()));
      file.problems().forEach(state::problem);
    }
    return GatewayCompiler.standard().compile(state.build(), CompileOptions.defaults());
  }

  private static ManifestFile base() throws IOException {
    var base = ManifestReader.read("base.yaml", Files.readString(ROOT.resolve("base.yaml")));
    assertThat(base.problems()).isEmpty();
    return base;
  }

  @Test
  void thereAreScenarios() throws IOException {
    assertThat(folders()).hasSizeGreaterThan(60);
  }

  @Test
  void objectsInAnyOrderGiveTheSameResult() throws IOException {
    for (Path folder : folders().toList()) {
      assertThat(GoldenText.of(compile(folder, true)))
          .as(folder.getFileName().toString())
          .isEqualTo(GoldenText.of(compile(folder)));
    }
  }
}
