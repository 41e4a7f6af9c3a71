// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.SecurityModel;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Listeners that share a stats prefix, or change it. */
class ListenerStatsPrefixTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ListenerMetrics metrics = new ListenerMetrics(registry);

  private static ListenerSpec listener(String name, String statsPrefix) {
    return new ListenerSpec(
        name,
        Optional.empty(),
        "127.0.0.1",
        0,
        false,
        TlsMode.OFF,
        true,
        SecurityModel.XFP,
        0,
        "t",
        List.of(),
        List.of(),
        100,
        statsPrefix);
  }

  private double gauge(String name, String prefix) {
    return registry.get(name).tag("listener", prefix).gauge().value();
  }

  @Test
  void listenersMayShareAStatsPrefix() {
    ListenerSpec one = listener("a/one", "outside");
    ListenerSpec two = listener("a/two", "outside");
    metrics.onBound(one, 1);
    metrics.onBound(two, 2);
    metrics.onAccepted(one);
    metrics.onAccepted(two);
    assertThat(gauge("selvage.listener.bound", "outside")).isEqualTo(2);
    assertThat(gauge("selvage.connections.active", "outside")).isEqualTo(2);
    metrics.onBindFailed(
        two,
        new Problem(
            Problem.Severity.ERROR, Optional.empty(), Optional.empty(), "spec.port", "R", "m"));
    assertThat(gauge("selvage.listener.bound", "outside")).isEqualTo(1);
  }

  @Test
  void countsASocketUnderItsNewPrefixOnly() {
    ListenerSpec before = listener("a/one", "before");
    metrics.onBound(before, 1);
    metrics.onRenamed(before, listener("a/one", "after"));
    assertThat(gauge("selvage.listener.bound", "before")).isZero();
    assertThat(gauge("selvage.listener.bound", "after")).isEqualTo(1);
  }

  @Test
  void forgetsAPrefixOnceItsLastConnectionIsGone() {
    ListenerSpec gone = listener("a/gone", "inside");
    metrics.onBound(gone, 1);
    metrics.onAccepted(gone);
    metrics.retain(List.of());
    assertThat(gauge("selvage.listener.bound", "inside")).isZero();
    assertThat(gauge("selvage.connections.active", "inside")).isEqualTo(1);
    metrics.onClosed(gone);
    metrics.retain(List.of());
    assertThat(registry.find("selvage.connections.active").gauge()).isNull();
  }
}
