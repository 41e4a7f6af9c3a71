// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The charts that travel with the command, unpacked for as long as this is open: the Helm engine
 * reads files.
 */
final class ChartFiles implements AutoCloseable {
  static final String INSTALL = "selvage";
  static final String CRDS = "selvage-crds";

  /** A file that every build has, to find the others by. */
  private static final String LANDMARK = "/io/selvage/charts/selvage/Chart.yaml";

  private final Path folder;

  /** For a command that is interrupted. */
  private final Thread deletion = new Thread(this::delete, "selvage-charts");

  private ChartFiles(Path folder) {
    this.folder = folder;
  }

  static ChartFiles unpack() throws IOException {
    Path folder = Files.createTempDirectory("selvage-charts");
    var files = new ChartFiles(folder);
    Runtime.getRuntime().addShutdownHook(files.deletion);
    try {
      copyTo(folder);
      return files;
    } catch (IOException | RuntimeException e) {
      files.close();
      throw e;
    }
  }

  /** The folder of a chart. */
  Path chart(String name) {
    return folder.resolve(name);
  }

  /** A file of a chart, as text. */
  String text(String chart, String file) throws IOException {
    return Files.readString(chart(chart).resolve(file));
  }

  /** Where a file beside the charts may be written; it goes with them. */
  Path file(String name) {
    return folder.resolve(name);
  }

  private static void copyTo(Path folder) throws IOException {
    URL landmark = ChartFiles.class.getResource(LANDMARK);
    if (landmark == null) {
      throw new IOException("this command was built without " + LANDMARK);
    }
    URI address = URI.create(landmark.toString());
    if (address.getScheme().equals("jar")) {
      try (FileSystem jar = FileSystems.newFileSystem(address, Map.of())) {
        copyTree(Path.of(address), folder);
      }
    } else {
      copyTree(Path.of(address), folder);
    }
  }

  private static void copyTree(Path landmark, Path folder) throws IOException {
    Path charts = landmark.resolve("../..").normalize();
    List<Path> found;
    try (Stream<Path> walk = Files.walk(charts)) {
      found = walk.filter(Files::isRegularFile).toList();
    }
    for (Path file : found) {
      Path target = folder.resolve(charts.relativize(file).toString());
      Files.createDirectories(target.getParent());
      Files.copy(file, target);
    }
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(deletion);
    } catch (IllegalStateException e) {
      // The JVM ends, and deletes them by itself.
      return;
    }
    delete();
  }

  private void delete() {
    try {
      Files.walkFileTree(folder, new Deletion());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Deletes a tree from its leaves on. */
  private static final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.delete(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
        throws IOException {
      Files.delete(visited);
      return FileVisitResult.CONTINUE;
    }
  }
}
