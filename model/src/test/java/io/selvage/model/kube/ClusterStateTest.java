// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ClusterStateTest {
  @Test
  void listsObjectsByNamespaceAndNameWhateverTheOrderTheyCameIn() {
    var names = new ArrayList<>(List.of("b/x", "a/z", "a/a", "c/m"));
    Collections.shuffle(names, new Random(7));
    var builder = ClusterState.builder();
    names.forEach(n -> builder.add(secret(n, "one")));

    assertThat(builder.build().all(Kind.SECRET))
        .extracting(s -> s.metadata().namespace() + "/" + s.metadata().name())
        .containsExactly("a/a", "a/z", "b/x", "c/m");
  }

  @Test
  void behavesLikeATreeMapUnderRandomChangesAndStaysBalanced() {
    var random = new Random(42);
    var expected = new TreeMap<ObjectRef, Secret>();
    ClusterState state = ClusterState.empty();
    for (int i = 0; i < 20_000; i++) {
      Secret secret = secret("ns" + random.nextInt(7) + "/n" + random.nextInt(400), "v" + i);
      var builder = state.toBuilder();
      if (random.nextInt(5) < 2) {
        expected.remove(secret.ref());
        builder.remove(secret.ref());
      } else {
        expected.put(secret.ref(), secret);
        builder.add(secret);
      }
      state = builder.build();
      if (i % 500 == 0) {
        assertThat(state.all(Kind.SECRET)).containsExactlyElementsOf(expected.values());
        assertThat(state.size()).isEqualTo(expected.size());
      }
    }
    assertThat(state.refs()).containsExactlyElementsOf(expected.keySet());
    for (Secret secret : expected.values()) {
      assertThat(state.find(secret.ref())).contains(secret);
    }
  }

  @Test
  void anOlderStateKeepsItsObjectsWhenANewerOneIsMadeFromIt() {
    var before = ClusterState.builder().add(secret("a/a", "old"), at(3)).build();
    var after = before.toBuilder().add(secret("a/a", "new"), at(9)).remove(ref("a/b")).build();
    var emptied = after.toBuilder().remove(ref("a/a")).build();

    assertThat(before.find(Kind.SECRET, "a", "a")).contains(secret("a/a", "old"));
    assertThat(before.location(ref("a/a"))).contains(at(3));
    assertThat(after.find(Kind.SECRET, "a", "a")).contains(secret("a/a", "new"));
    assertThat(after.location(ref("a/a"))).contains(at(9));
    assertThat(emptied.size()).isZero();
    assertThat(emptied.all(Kind.SECRET)).isEmpty();
  }

  @Test
  void problemsAreSortedAndMayBeReplaced() {
    var warning = Problem.warning(ref("a/a"), "", "Odd", "odd");
    var error = Problem.error(ref("b/b"), "", "Bad", "bad");
    var state = ClusterState.builder().problem(warning).problem(error).build();

    assertThat(state.problems()).containsExactly(error, warning);
    assertThat(state.toBuilder().problems(List.of(warning)).build().problems())
        .containsExactly(warning);
  }

  private static SourceLocation at(int line) {
    return new SourceLocation("f.yaml", line);
  }

  private static ObjectRef ref(String path) {
    return secret(path, "").ref();
  }

  private static Secret secret(String path, String type) {
    int slash = path.indexOf('/');
    return new Secret(
        ObjectMeta.of(path.substring(0, slash), path.substring(slash + 1)), type, null, null);
  }
}
