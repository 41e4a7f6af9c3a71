// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The {@code mesh} script itself, on the distribution this build has just packaged. */
class LauncherIT {
  private static final Path ROOT = Path.of(System.getProperty("selvage.root"));

  @TempDir Path dir;

  @Test
  void runsTheDistributionWithNothingOnStandardError() throws Exception {
    Ran ran = mesh(Map.of(), "version", "--client");
    assertThat(ran.err).isEmpty();
    assertThat(ran.out).startsWith("Client version: ").hasLineCount(1);
    assertThat(ran.code).isZero();
  }

  @Test
  void passesTheExitCodeOn() throws Exception {
    assertThat(mesh(Map.of(), "nope").code).isEqualTo(2);
  }

  @Test
  void passesJavaOptionsOn() throws Exception {
    Ran ran = mesh(Map.of("MESH_JAVA_OPTS", "-Xmx64m -XX:+PrintFlagsFinal"), "version");
    assertThat(ran.out).containsPattern("MaxHeapSize\\s+= 67108864 ");
  }

  /** The JVM archives neither old classes nor signed jars; build/ArchivableJars.java sees to it. */
  @Test
  void takesTheCommandLinesLibraryFromTheAheadOfTimeCache() throws Exception {
    assumeTrue(
        Files.exists(ROOT.resolve("cli/target/dist/selvage.aot")), "built without such a cache");
    Path log = dir.resolve("loaded");
    mesh(Map.of("MESH_JAVA_OPTS", "-Xlog:class+load:file=" + log), "version", "--client");
    assertThat(Files.readString(log, UTF_8))
        .containsPattern("picocli\\.CommandLine source: shared objects file");
  }

  @Test
  void runsFromAnotherDirectoryThroughALink() throws Exception {
    Path link = Files.createSymbolicLink(dir.resolve("mesh"), ROOT.resolve("mesh"));
    Ran ran = run(List.of(link.toString(), "version", "--client"), dir, Map.of());
    assertThat(ran.err).isEmpty();
    assertThat(ran.code).isZero();
  }

  private Ran mesh(Map<String, String> environment, String... args)
      throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(ROOT.resolve("mesh").toString());
    command.addAll(List.of(args));
    return run(command, ROOT, environment);
  }

  private Ran run(List<String> command, Path directory, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path out = dir.resolve("out");
    Path err = dir.resolve("err");
    var builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().put("MESH_NO_BUILD", "1");
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(90, TimeUnit.SECONDS)).as("ended within 90 s").isTrue();
      return new Ran(
          process.exitValue(), Files.readString(out, UTF_8), Files.readString(err, UTF_8));
    } finally {
      process.destroyForcibly();
    }
  }

  private record Ran(int code, String out, String err) {}
}
