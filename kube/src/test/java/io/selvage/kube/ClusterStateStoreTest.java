// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.Problem;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.EndpointSlice;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.kube.Secret;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClusterStateStoreTest {
  private final ClusterStateStore store = new ClusterStateStore();

  @Test
  void theFirstCommitIsASyncEvenWhenEmpty() {
    assertThat(store.commit()).containsExactly(new ClusterChange.Synced(store.current()));
    assertThat(store.commit()).isEmpty();
  }

  @Test
  void anEqualObjectIsNoChange() {
    store.put(secret("a", "Opaque"), null);
    store.commit();

    store.put(secret("a", "Opaque"), null);

    assertThat(store.commit()).isEmpty();
  }

  @Test
  void endpointChangesComeFirstAndOnTheirOwn() {
    store.put(slice("10.0.0.1"), null);
    store.commit();

    store.put(slice("10.0.0.2"), null);
    var alone = store.commit();
    store.put(slice("10.0.0.3"), null);
    store.put(secret("a", "Opaque"), null);
    var both = store.commit();

    assertThat(alone)
        .containsExactly(
            new ClusterChange.EndpointsChanged(alone.getFirst().state(), Set.of(slice("").ref())));
    assertThat(both)
        .containsExactly(
            new ClusterChange.EndpointsChanged(store.current(), Set.of(slice("").ref())),
            new ClusterChange.ObjectsChanged(store.current(), Set.of(secret("a", "").ref())));
  }

  @Test
  void anObjectAddedAndRemovedBetweenCommitsIsNoChange() {
    store.commit();

    store.put(secret("a", "Opaque"), null);
    store.remove(secret("a", "").ref());

    assertThat(store.commit()).isEmpty();
    assertThat(store.current().size()).isZero();
  }

  @Test
  void newProblemsAreAChangeWithoutObjects() {
    store.commit();
    var problem = Problem.error(secret("a", "").ref(), "type", "Bad", "bad");

    store.problems(List.of(problem));
    var changes = store.commit();
    store.problems(List.of(problem));

    assertThat(changes)
        .containsExactly(new ClusterChange.ObjectsChanged(store.current(), Set.of()));
    assertThat(store.current().problems()).containsExactly(problem);
    assertThat(store.commit()).isEmpty();
  }

  @Test
  void aMovedLineIsRememberedWithoutAChange() {
    store.put(secret("a", "Opaque"), new SourceLocation("f.yaml", 1));
    store.commit();

    store.put(secret("a", "Opaque"), new SourceLocation("f.yaml", 5));

    assertThat(store.commit()).isEmpty();
    assertThat(store.current().location(secret("a", "").ref()))
        .contains(new SourceLocation("f.yaml", 5));
  }

  private static Secret secret(String name, String type) {
    return new Secret(ObjectMeta.of("default", name), type, null, null);
  }

  private static EndpointSlice slice(String address) {
    var endpoint = new EndpointSlice.Endpoint(List.of(address), null, null, null, null, null);
    return new EndpointSlice(ObjectMeta.of("default", "s"), "IPv4", List.of(endpoint), List.of());
  }
}
