// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.folder;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a folder holds at a glance, without opening a file. Links are followed, loops are cut,
 * hidden names are passed over: that leaves out editors' scratch files and the {@code ..data}
 * folders of a mounted ConfigMap, whose files are seen through the links beside them.
 *
 * @param fault why the folder itself could not be read; null if it could
 * @param files manifests by path relative to the folder, with {@code /} between the parts
 * @param blocked sub-folders that could not be read, as such paths; what was below them is unknown
 * @param folders every folder seen, for watching
 * @param overflow files beyond the limit were left out
 */
record FolderScan(
    @Nullable String fault,
    SortedMap<String, Stamp> files,
    SortedSet<String> blocked,
    Set<Path> folders,
    boolean overflow) {

  /**
   * What tells one version of a file from the next.
   *
   * @param regular false for anything that cannot be read to an end, such as a pipe or a dead link
   * @param modified by the wall clock of the file system
   * @param key device and inode; null where the file system has none
   */
  record Stamp(boolean regular, long size, FileTime modified, @Nullable Object key) {
    static Stamp of(BasicFileAttributes a) {
      return new Stamp(
          a.isRegularFile(), a.isRegularFile() ? a.size() : 0, a.lastModifiedTime(), a.fileKey());
    }
  }

  static FolderScan of(Path root, FolderLimits limits) {
    if (!Files.exists(root)) {
      return missing("it does not exist");
    }
    var visitor = new Visitor(Files.isDirectory(root) ? root : folderOf(root));
    visitor.maxFiles = limits.maxFiles();
    try {
      Files.walkFileTree(
          root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), limits.maxDepth(), visitor);
    } catch (IOException e) {
      return missing(e.getClass().getSimpleName());
    }
    return visitor.rootFault != null
        ? missing(visitor.rootFault)
        : new FolderScan(null, visitor.files, visitor.blocked, visitor.folders, visitor.overflow);
  }

  private static Path folderOf(Path file) {
    Path parent = file.getParent();
    return parent == null ? file.resolveSibling("") : parent;
  }

  private static FolderScan missing(String fault) {
    return new FolderScan(fault, new TreeMap<>(), new TreeSet<>(), Set.of(), false);
  }

  /** True if a file not seen may still be there, below a folder that could not be read. */
  boolean isBlocked(String file) {
    return blocked.stream().anyMatch(folder -> file.startsWith(folder + "/"));
  }

  private static final class Visitor extends SimpleFileVisitor<Path> {
    private final Path base;
    private final SortedMap<String, Stamp> files = new TreeMap<>();
    private final SortedSet<String> blocked = new TreeSet<>();
    private final Set<Path> folders = new HashSet<>();
    private int maxFiles;
    private boolean overflow;
    private @Nullable String rootFault;

    Visitor(Path base) {
      this.base = base;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      if (!folder.equals(base) && isHidden(folder)) {
        return FileVisitResult.SKIP_SUBTREE;
      }
      folders.add(folder);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (attributes.isDirectory() || isHidden(file) || !isManifest(file)) {
        return FileVisitResult.CONTINUE;
      }
      if (files.size() >= maxFiles) {
        overflow = true;
        return FileVisitResult.TERMINATE;
      }
      files.put(relative(file), Stamp.of(attributes));
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path path, IOException e) {
      if (path.equals(base)) {
        rootFault = e.getClass().getSimpleName();
        return FileVisitResult.TERMINATE;
      }
      // A loop's files are seen at their first place; a file that vanished meanwhile is gone.
      if (!(e instanceof FileSystemLoopException) && !isHidden(path) && Files.isDirectory(path)) {
        blocked.add(relative(path));
      }
      return FileVisitResult.CONTINUE;
    }

    private String relative(Path path) {
      return base.relativize(path).toString().replace('\\', '/');
    }

    private static boolean isHidden(Path path) {
      return path.getFileName().toString().startsWith(".");
    }

    private static boolean isManifest(Path file) {
      return FolderScan.isManifest(file.getFileName().toString());
    }
  }

  /** True for the names that are read, judged by their ending. */
  static boolean isManifest(String fileName) {
    String name = fileName.toLowerCase(Locale.ROOT);
    boolean kustomize = name.equals("kustomization.yaml") || name.equals("kustomization.yml");
    return !kustomize
        && (name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json"));
  }
}
