// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.selvage.controlplane.discovery.DiscoveryService;
import io.selvage.controlplane.server.MeshServer;
import io.selvage.controlplane.sessions.Sessions;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.SourceHealth;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** What the process shows of itself beside what its parts count. */
final class ControlPlaneMetrics {
  private ControlPlaneMetrics() {}

  static void register(
      MeterRegistry registry,
      Sessions sessions,
      DiscoveryService discovery,
      MeshServer server,
      ClusterStateSource source,
      CurrentProblems problems,
      InstantSource clock) {
    Gauge.builder("selvage.control.proxies", sessions, Sessions::size)
        .description("Streams of proxies")
        .register(registry);
    Gauge.builder("selvage.control.subscriptions", sessions, Sessions::subscriptions)
        .description("Addresses proxies want to be told of")
        .register(registry);
    Gauge.builder("selvage.control.connections", server, MeshServer::connections)
        .description("Connections to the gRPC port")
        .register(registry);
    Gauge.builder("selvage.control.targets", discovery, DiscoveryService::targets)
        .description("Different addresses and ports among the subscriptions")
        .register(registry);
    Gauge.builder("selvage.control.pods", discovery, DiscoveryService::pods)
        .description("Pods known")
        .register(registry);
    FunctionCounter.builder("selvage.control.views", discovery, DiscoveryService::published)
        .description("Changes of what a target stands for")
        .register(registry);
    Gauge.builder("selvage.control.problems", problems, CurrentProblems::size)
        .description("Things for people to mend, listed at /problems")
        .register(registry);
    Gauge.builder("selvage.control.source.connected", source, s -> s.health().connected() ? 1 : 0)
        .description("1 while the folder or the API server can be read")
        .register(registry);
    Gauge.builder("selvage.control.state.age.seconds", source, s -> age(s, clock))
        .description("How long the objects may be out of date: 0 while the source is connected")
        .register(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
  }

  private static double age(ClusterStateSource source, InstantSource clock) {
    SourceHealth health = source.health();
    Instant now = clock.instant();
    return health.connected() || now.isBefore(health.since())
        ? 0
        : Duration.between(health.since(), now).toMillis() / 1_000.0;
  }
}
