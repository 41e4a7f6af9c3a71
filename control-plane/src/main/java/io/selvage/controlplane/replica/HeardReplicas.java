// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ReplicaHub;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.ReplicaMessage;
import io.selvage.model.mesh.ReplicaRequest;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What other replicas tell: their proxies, under numbers that no session of ours has, and what
 * these report. Thread-safe; what one replica tells comes on the loop of its stream.
 */
final class HeardReplicas implements ReplicaHub {
  /** Sessions of this process count from 1. */
  static final long FIRST_SESSION = 1L << 40;

  /** Proxies of one replica: twice the connections its port takes. */
  static final int MAX_PROXIES = 20_000;

  /** As long as what is reported is kept. */
  private static final Duration KEPT = Duration.ofMinutes(10);

  private static final int MAX_GAPS = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(HeardReplicas.class);

  private final String instance;
  private final WorkloadIdentity self;
  private final TrafficSink sink;
  private final AtomicLong sessions = new AtomicLong(FIRST_SESSION);
  private final Map<String, Heard> heard = new ConcurrentHashMap<>();
  private final LongAdder ignored = new LongAdder();
  private final LongSupplier nanos;

  /** When replicas have said last that they did not pass everything on, by pod. */
  private final Map<String, Long> gaps = new ConcurrentHashMap<>();

  /**
   * @param nanos as {@link System#nanoTime}
   */
  HeardReplicas(String instance, WorkloadIdentity self, TrafficSink sink, LongSupplier nanos) {
    this.nanos = requireNonNull(nanos, "nanos");
    this.instance = requireNonNull(instance, "instance");
    this.self = requireNonNull(self, "self");
    this.sink = requireNonNull(sink, "sink");
  }

  @Override
  public String instance() {
    return instance;
  }

  @Override
  public Telling begin(WorkloadIdentity identity, Asking asking) {
    if (!identity.equals(self)) {
      throw new RpcException(
          Status.PERMISSION_DENIED, identity.uri() + " is no replica of this control plane");
    }
    return new Heard(asking);
  }

  /** Their proxies, as of now. */
  List<ConnectedProxy> proxies() {
    var all = new ArrayList<ConnectedProxy>();
    heard.values().forEach(one -> all.addAll(one.proxies.values()));
    return all;
  }

  /** Names of the pods that are heard. */
  Set<String> pods() {
    return heard.values().stream().map(one -> one.pod).collect(Collectors.toSet());
  }

  /** Pods of replicas that did not pass on all that was reported, as far as that is kept still. */
  List<String> incomplete() {
    long now = nanos.getAsLong();
    gaps.values().removeIf(at -> now - at > KEPT.toNanos());
    return gaps.keySet().stream().sorted().toList();
  }

  /** How often a replica told of a proxy that was one too many. */
  long ignored() {
    return ignored.sum();
  }

  /** Replicas that are heard. */
  int size() {
    return heard.size();
  }

  /** Asks for exchanges of those of the sessions that are theirs. */
  void tap(Set<Long> wanted, ControlMessage.Tap tap) {
    for (Heard one : heard.values()) {
      List<Long> theirs =
          one.proxies.entrySet().stream()
              .filter(entry -> wanted.contains(entry.getValue().session()))
              .map(Map.Entry::getKey)
              .limit(ReplicaRequest.MAX_SESSIONS)
              .toList();
      if (!theirs.isEmpty()) {
        one.asking.ask(new ReplicaRequest(theirs, tap));
      }
    }
  }

  /** Hears nobody any more. */
  void close() {
    heard.values().forEach(one -> one.asking.end("this replica is shutting down"));
  }

  /** One of them. */
  private final class Heard implements Telling {
    final Asking asking;

    /** By their number of the session. */
    final Map<Long, ConnectedProxy> proxies = new ConcurrentHashMap<>();

    volatile String pod = "";
    private @Nullable String name;
    private boolean over;

    Heard(Asking asking) {
      this.asking = asking;
    }

    @Override
    public void onMessage(ReplicaMessage message) {
      if (over) {
        return;
      }
      if (name == null && !(message instanceof ReplicaMessage.Hello)) {
        throw new RpcException(Status.INVALID_ARGUMENT, "the first message is not Hello");
      }
      switch (message) {
        case ReplicaMessage.Hello hello -> greet(hello);
        case ReplicaMessage.Proxy proxy -> there(proxy);
        case ReplicaMessage.Gone(long session) -> gone(session);
        case ReplicaMessage.Dropped(long reports) -> missed(reports);
        case ReplicaMessage.Report(long session, TrafficReport report) -> report(session, report);
        case ReplicaMessage.Tapped tapped -> {
          ConnectedProxy from = proxies.get(tapped.session());
          if (from != null) {
            sink.tapped(from, tapped.tapped());
          }
        }
      }
    }

    private void greet(ReplicaMessage.Hello hello) {
      if (hello.version() < MeshProtocol.VERSION - 1 || hello.version() < 1) {
        throw new RpcException(
            Status.FAILED_PRECONDITION,
            "this replica speaks version " + MeshProtocol.VERSION + " and the one before");
      }
      if (name != null || hello.instance().isEmpty() || hello.instance().equals(instance)) {
        throw new RpcException(Status.INVALID_ARGUMENT, "not a Hello of another replica");
      }
      name = hello.instance();
      pod = hello.pod();
      Heard before = heard.put(hello.instance(), this);
      if (before != null) {
        // It has dialled again before the end of the old stream was noticed.
        before.asking.end("a newer stream of this replica took the place of this one");
      }
      LOG.atInfo().addKeyValue("replica", pod).log("another replica tells of its proxies");
    }

    private void there(ReplicaMessage.Proxy told) {
      ConnectedProxy before = proxies.get(told.session());
      if (before == null && proxies.size() >= MAX_PROXIES) {
        // Ending the stream would help nobody: it would be dialled again, and end again.
        ignored.increment();
        return;
      }
      proxies.put(
          told.session(),
          new ConnectedProxy(
              before == null ? sessions.incrementAndGet() : before.session(),
              told.identity(),
              told.pod(),
              told.podKnown(),
              told.kind(),
              told.peer(),
              told.software(),
              told.bundle(),
              told.certificateNotAfterMillis(),
              Instant.ofEpochMilli(told.sinceMillis())));
    }

    private void gone(long session) {
      ConnectedProxy left = proxies.remove(session);
      if (left != null) {
        sink.gone(left);
      }
    }

    private void missed(long reports) {
      if (reports > 0) {
        if (gaps.size() >= MAX_GAPS) {
          gaps.clear(); // names come from outside
        }
        gaps.put(pod, nanos.getAsLong());
      }
    }

    private void report(long session, TrafficReport report) {
      ConnectedProxy from = proxies.get(session);
      if (from != null
          && report.edges().size() <= TrafficReport.MAX_EDGES
          && report.calls().size() <= TrafficReport.MAX_CALLS) {
        sink.report(from, report);
      }
    }

    @Override
    public void onClosed() {
      if (over) {
        return;
      }
      over = true;
      if (name != null) {
        heard.remove(name, this);
        LOG.atInfo().addKeyValue("replica", pod).log("another replica is not heard any more");
      }
      List.copyOf(proxies.keySet()).forEach(this::gone);
    }
  }
}
