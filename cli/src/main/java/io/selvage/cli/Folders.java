// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.kube.folder.FolderSource;
import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.ObjectRef;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads folders of manifests the way a gateway that is started on them would. */
final class Folders {
  private Folders() {}

  /**
   * The first of {@code paths} that cannot be read at all, in words; absent when all can. A single
   * manifest file is as good as a folder.
   */
  static Optional<String> unreadable(Collection<Path> paths) {
    for (Path path : paths) {
      if (!Files.exists(path)) {
        return Optional.of(path + ": no such file or folder");
      }
      if (!Files.isReadable(path)) {
        return Optional.of(path + ": cannot be read");
      }
    }
    return Optional.empty();
  }

  /**
   * Everything in the folders together. Places in files are given as the person would type them:
   * the folder as written, then the path below it. An object that two folders define is a problem,
   * as it is inside one.
   */
  static ClusterState read(List<Path> paths) {
    var merged = ClusterState.builder();
    var known = ClusterState.empty();
    for (Path path : paths) {
      Path base = Files.isDirectory(path) ? path : path.getParent();
      ClusterState state = FolderSource.read(path);
      state.problems().forEach(problem -> merged.problem(placed(problem, base)));
      for (ObjectRef ref : state.refs()) {
        var location = state.location(ref).map(l -> below(base, l));
        var first = known.location(ref);
        if (first.isPresent()) {
          var problem =
              Problem.error(
                  ref,
                  "",
                  "DuplicateObject",
                  first.get() + " already defines this object; this one is ignored");
          merged.problem(location.map(problem::at).orElse(problem));
          continue;
        }
        state
            .find(ref)
            .ifPresent(object ->
                location.ifPresentOrElse(l -> merged.add(object, l), () -> merged.add(object)));
      }
      known = merged.build();
    }
    return known;
  }

  private static Problem placed(Problem problem, @Nullable Path base) {
    return problem.location().map(l -> problem.at(below(base, l))).orElse(problem);
  }

  private static SourceLocation below(@Nullable Path base, SourceLocation location) {
    // What concerns the folder itself carries its absolute path already.
    Path file = Path.of(location.file());
    return base == null || file.isAbsolute()
        ? location
        : new SourceLocation(base.resolve(file).toString(), location.line());
  }
}
