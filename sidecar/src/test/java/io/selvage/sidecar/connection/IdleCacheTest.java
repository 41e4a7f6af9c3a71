// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class IdleCacheTest {
  private final List<String> dropped = new ArrayList<>();
  private long now;
  private final IdleCache<String, String> cache =
      new IdleCache<>(key -> key + "!", dropped::add, 2, () -> now);

  @Test
  void keepsWhatIsInUseHoweverLong() {
    IdleCache.Lease<String> first = cache.lease("a");
    IdleCache.Lease<String> second = cache.lease("a");
    assertThat(first.value()).isSameAs(second.value());
    first.release();
    first.release();
    now = 1_000;
    cache.sweep(10);
    assertThat(dropped).isEmpty();
    second.release();
    now = 1_009;
    cache.sweep(10);
    assertThat(dropped).isEmpty();
    now = 1_010;
    cache.sweep(10);
    assertThat(dropped).containsExactly("a!");
    assertThat(cache.size()).isZero();
    assertThat(cache.lease("a").value()).isEqualTo("a!");
  }

  @Test
  void dropsTheLongestIdleBeyondTheCapacity() {
    cache.lease("in use");
    for (String key : List.of("a", "b", "c")) {
      now++;
      cache.lease(key).release();
    }
    cache.sweep(1_000);
    assertThat(dropped).containsExactly("a!", "b!");
    assertThat(cache.size()).isEqualTo(2);
    cache.lease("d").release();
    cache.lease("e").release();
    cache.lease("also in use");
    cache.sweep(1_000);
    assertThat(cache.size()).isEqualTo(2);
  }
}
