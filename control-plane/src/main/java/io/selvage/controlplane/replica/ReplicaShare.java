// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.ReplicaHub;
import io.selvage.controlplane.link.ServerKeySource;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.controlplane.server.LiveKeyManager;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.WorkloadIdentity;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What the replicas of a control plane share: each tells every other one of the proxies that keep a
 * stream to it, and of what these report. So each can say what goes on in the whole mesh. What
 * happened before a replica was heard, it does not know. Thread-safe.
 */
public final class ReplicaShare implements AutoCloseable {
  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;

  private final Vertx vertx;
  private final Self self;
  private final TrafficSink sink;
  private final HeardReplicas heard;
  private final ForeignTaps taps;
  private final LongAdder dropped = new LongAdder();
  private final Map<String, ReplicaLink> links = new ConcurrentHashMap<>();
  private volatile ProxyFleet local = new Nobody();
  private volatile Set<String> others = Set.of();
  private volatile @Nullable HttpClient client;
  private boolean closed;

  /**
   * This replica.
   *
   * @param instance name of its life
   * @param pod name of its pod
   * @param identity that all replicas prove
   * @param keys it proves it by
   */
  public record Self(
      String instance,
      String pod,
      WorkloadIdentity identity,
      ServerKeySource keys,
      InstantSource clock) {
    public Self {
      requireNonNull(instance, "instance");
      requireNonNull(pod, "pod");
      requireNonNull(identity, "identity");
      requireNonNull(keys, "keys");
      requireNonNull(clock, "clock");
    }
  }

  /**
   * @param sink takes what proxies report, whoever heard it
   * @param metrics takes {@code selvage_control_replicas_*}
   */
  public ReplicaShare(Vertx vertx, Self self, TrafficSink sink, MeterRegistry metrics) {
    this.vertx = requireNonNull(vertx, "vertx");
    this.self = requireNonNull(self, "self");
    this.sink = requireNonNull(sink, "sink");
    this.heard = new HeardReplicas(self.instance(), self.identity(), sink, System::nanoTime);
    this.taps = new ForeignTaps((sessions, tap) -> local.tap(sessions, tap), () -> local.proxies());
    Gauge.builder("selvage.control.replicas.heard", heard, HeardReplicas::size)
        .description("Other replicas that tell of their proxies")
        .register(metrics);
    Gauge.builder("selvage.control.replicas.silent", this, share -> share.silent().size())
        .description("Other replicas that do not")
        .register(metrics);
    FunctionCounter.builder("selvage.control.replicas.ignored", heard, HeardReplicas::ignored)
        .description("Proxies of another replica that were more than it may have")
        .register(metrics);
    FunctionCounter.builder("selvage.control.replicas.dropped", dropped, LongAdder::sum)
        .description("Messages another replica was not told of, because it did not read")
        .register(metrics);
  }

  /** Says which proxies keep a stream to this replica; once, before any of them comes. */
  public void connect(ProxyFleet proxies) {
    local = requireNonNull(proxies, "proxies");
  }

  /** Before there is anybody. */
  private static final class Nobody implements ProxyFleet {
    @Override
    public List<ConnectedProxy> proxies() {
      return List.of();
    }

    @Override
    public void bundleChanged(boolean renew) {}
  }

  /** Where the sessions of this replica tell what they hear. */
  public TrafficSink sink() {
    return new TrafficSink() {
      @Override
      public void report(ConnectedProxy from, TrafficReport report) {
        sink.report(from, report);
        links.values().forEach(link -> link.report(from, report));
      }

      @Override
      public void tapped(ConnectedProxy from, ProxyMessage.Tapped tapped) {
        if (!taps.tapped(from.session(), tapped)) {
          sink.tapped(from, tapped);
        }
      }

      @Override
      public void gone(ConnectedProxy proxy) {
        sink.gone(proxy);
        taps.gone(proxy.session());
        links.values().forEach(link -> link.gone(proxy.session()));
      }
    };
  }

  /** The proxies of all replicas. Of trust bundles it tells those of this replica only. */
  public ProxyFleet fleet() {
    return new ProxyFleet() {
      @Override
      public List<ConnectedProxy> proxies() {
        var all = new ArrayList<>(local.proxies());
        all.addAll(heard.proxies());
        return all;
      }

      @Override
      public void tap(Set<Long> sessions, ControlMessage.Tap tap) {
        local.tap(sessions, tap);
        heard.tap(sessions, tap);
      }

      @Override
      public void bundleChanged(boolean renew) {
        local.bundleChanged(renew);
      }
    };
  }

  /** Hears the others. */
  public ReplicaHub hub() {
    return heard;
  }

  /** Replicas that are there and are not heard, so that what their proxies report is missing. */
  public List<String> silent() {
    var silent = new TreeSet<>(others);
    silent.removeAll(heard.pods());
    silent.removeIf(name -> {
      ReplicaLink link = links.get(name);
      return link != null && link.isOurselves();
    });
    return List.copyOf(silent);
  }

  /** Replicas that did not pass on all that their proxies have reported in the last ten minutes. */
  public List<String> incomplete() {
    return heard.incomplete();
  }

  /**
   * Says which replicas there are, this one or not; to be called every second.
   *
   * @param pods addresses, IP literals, by name of the pod
   * @param expected names of those that should be heard by now
   * @param port of gRPC, which is the same at all
   */
  public synchronized void look(Map<String, String> pods, Set<String> expected, int port) {
    if (closed) {
      return;
    }
    var names = new TreeSet<>(pods.keySet());
    names.remove(self.pod());
    var missed = new TreeSet<>(names);
    missed.retainAll(expected);
    others = missed;
    links
        .entrySet()
        .removeIf(entry -> {
          boolean stays =
              names.contains(entry.getKey())
                  && entry.getValue().address().equals(pods.get(entry.getKey()));
          if (!stays) {
            entry.getValue().close();
          }
          return !stays;
        });
    for (String name : names) {
      links.computeIfAbsent(name, pod -> link(pod, requireNonNull(pods.get(pod)), port));
    }
  }

  private ReplicaLink link(String pod, String address, int port) {
    HttpClient dialling = client;
    if (dialling == null) {
      dialling = client();
      client = dialling;
    }
    var link =
        new ReplicaLink(
            vertx,
            dialling,
            new ReplicaLink.Settings(
                self.instance(), self.pod(), () -> local.proxies(), taps, dropped),
            pod,
            address,
            port);
    link.start();
    return link;
  }

  private HttpClient client() {
    var options = new HttpClientOptions();
    options
        .setSsl(true)
        .setUseAlpn(true)
        .setSslEngineOptions(new JdkSSLEngineOptions())
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
        .setKeyCertOptions(KeyCertOptions.wrap(new LiveKeyManager(self.keys())))
        .setTrustOptions(
            TrustOptions.wrap(new ReplicaTrust(self.keys(), self.identity(), self.clock())))
        .setConnectTimeout(CONNECT_TIMEOUT_MILLIS);
    return vertx.createHttpClient(
        // Names in certificates are identities, not hosts.
        options.setVerifyHost(false).setProtocolVersion(HttpVersion.HTTP_2));
  }

  /** Tells and hears nobody any more. */
  @Override
  public synchronized void close() {
    closed = true;
    links.values().forEach(ReplicaLink::close);
    links.clear();
    heard.close();
  }
}
