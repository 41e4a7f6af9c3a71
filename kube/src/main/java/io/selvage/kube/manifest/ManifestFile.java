// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import java.util.List;
import java.util.Set;

/**
 * What one file holds.
 *
 * @param objects good objects, in the order written; the first of a name counts
 * @param problems what is wrong, each with its place
 * @param failed objects that were named but cannot be used
 * @param complete false if some document could not even be told by name, so that an object missing
 *     here may still be meant to be there
 */
public record ManifestFile(
    List<Loaded> objects, List<Problem> problems, Set<ObjectRef> failed, boolean complete) {
  public ManifestFile {
    objects = List.copyOf(objects);
    problems = List.copyOf(problems);
    failed = Set.copyOf(failed);
  }

  /** A file that could not be read at all. */
  public static ManifestFile unreadable(Problem problem) {
    return new ManifestFile(List.of(), List.of(problem), Set.of(), false);
  }

  /** An object and its place. */
  public record Loaded(KubeObject object, SourceLocation location) {}
}
