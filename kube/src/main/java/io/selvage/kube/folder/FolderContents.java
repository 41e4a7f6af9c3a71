// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.folder;

import io.selvage.kube.manifest.ManifestFile;
import io.selvage.kube.manifest.ManifestFile.Loaded;
import io.selvage.model.Problem;
import io.selvage.model.Problem.Severity;
import io.selvage.model.kube.ObjectRef;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What each file contributes, and the rule that nothing live is lost because something new is
 * wrong: an object that can no longer be read stays in its last good version until it can, or until
 * its file says clearly that it is gone. Confined to the source's thread.
 */
final class FolderContents {
  private final SortedMap<String, FileState> files = new TreeMap<>();

  /** Live objects of a file and its problems. */
  private record FileState(Map<ObjectRef, Loaded> live, List<Problem> problems) {}

  /** All files together. */
  record Merged(Map<ObjectRef, Loaded> objects, List<Problem> problems) {}

  void replace(String file, ManifestFile parsed) {
    var problems = new ArrayList<Problem>();
    var live = new LinkedHashMap<ObjectRef, Loaded>();
    for (Loaded loaded : parsed.objects()) {
      Loaded first = live.putIfAbsent(loaded.object().ref(), loaded);
      if (first != null) {
        problems.add(duplicate(loaded, first));
      }
    }
    var before = files.get(file);
    Map<ObjectRef, Loaded> kept = before == null ? Map.of() : kept(before.live, live, parsed);
    live.putAll(kept);
    parsed.problems().forEach(p -> problems.add(withConsequence(p, kept)));
    files.put(file, new FileState(live, problems));
  }

  void remove(String file) {
    files.remove(file);
  }

  /** True if a file holds live objects. */
  boolean serves(String file) {
    var state = files.get(file);
    return state != null && !state.live.isEmpty();
  }

  /** Everything, the first file by path winning where two define the same object. */
  Merged merge() {
    var objects = new LinkedHashMap<ObjectRef, Loaded>();
    var problems = new ArrayList<Problem>();
    for (FileState state : files.values()) {
      problems.addAll(state.problems);
      for (var entry : state.live.entrySet()) {
        Loaded first = objects.putIfAbsent(entry.getKey(), entry.getValue());
        if (first != null) {
          problems.add(duplicate(entry.getValue(), first));
        }
      }
    }
    return new Merged(objects, problems);
  }

  /** Former objects that the new text neither defines nor clearly leaves out. */
  private static Map<ObjectRef, Loaded> kept(
      Map<ObjectRef, Loaded> before, Map<ObjectRef, Loaded> now, ManifestFile parsed) {
    var kept = new LinkedHashMap<ObjectRef, Loaded>();
    before.forEach((ref, loaded) -> {
      boolean unclear = parsed.failed().contains(ref) || !parsed.complete();
      if (unclear && !now.containsKey(ref)) {
        kept.put(ref, loaded);
      }
    });
    return kept;
  }

  private static Problem withConsequence(Problem problem, Map<ObjectRef, Loaded> kept) {
    if (problem.severity() != Severity.ERROR || kept.isEmpty()) {
      return problem;
    }
    String consequence;
    if (problem.object().isPresent()) {
      if (!kept.containsKey(problem.object().get())) {
        return problem;
      }
      consequence = "the version before stays live";
    } else {
      consequence =
          kept.size() == 1
              ? kept.keySet().iterator().next() + " stays live as it was"
              : kept.size() + " objects of the version before stay live";
    }
    return new Problem(
        problem.severity(),
        problem.object(),
        problem.location(),
        problem.field(),
        problem.reason(),
        problem.message() + "; " + consequence);
  }

  private static Problem duplicate(Loaded loser, Loaded winner) {
    String message =
        "%s already defines this object; this one is ignored".formatted(winner.location());
    return Problem.error(loser.object().ref(), "", "DuplicateObject", message).at(loser.location());
  }
}
