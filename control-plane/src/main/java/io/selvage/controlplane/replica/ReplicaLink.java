// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ReplicaHub;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.ReplicaMessage;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.wire.GrpcFrames;
import io.selvage.model.wire.ReplicaCodec;
import io.selvage.model.wire.WireException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells one other replica of the proxies of this one, for as long as its pod is there. What it does
 * not read waits, and beyond a bound is let fall and counted, but for who is there. All state is
 * confined to one context; methods say where they may be called otherwise.
 */
final class ReplicaLink implements ForeignTaps.Asker {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaLink.class);

  private static final long TICK_MILLIS = 1_000;
  private static final int TICKS_PER_PING = 10;
  private static final long FIRST_PAUSE_MILLIS = 250;
  private static final long MAX_PAUSE_MILLIS = 5_000;

  /** From dialling to the head of the answer. */
  private static final long ANSWER_MILLIS = 10_000;

  /** For the other to take the end of the stream. */
  private static final long FAREWELL_MILLIS = 2_000;

  /** The other goes by its certificate. */
  private static final String AUTHORITY = "control-plane";

  private final Vertx vertx;
  private final Context context;
  private final HttpClient client;
  private final Settings settings;
  private final String pod;
  private final String address;
  private final int port;
  private final Outbox outbox = new Outbox();

  /** Reports let fall that the other was not told of. */
  private final AtomicLong untold = new AtomicLong();

  private final Map<Long, ConnectedProxy> told = new HashMap<>();

  private volatile boolean up;

  /** Whether it has been up: before that the other has heard of nothing, and misses nothing. */
  private volatile boolean wasUp;

  private @Nullable HttpClientRequest open;
  private long attempt;
  private long timer = -1;
  private long answerTimer = -1;
  private long pause = FIRST_PAUSE_MILLIS;
  private int ticks;
  private boolean pinging;
  private volatile boolean ourselves;
  private volatile boolean closed;

  /**
   * What all links of a replica share.
   *
   * @param instance name of this life of this replica
   * @param pod name of its pod
   * @param proxies those that keep a stream to it
   * @param taps of others
   * @param dropped counts what was let fall
   */
  record Settings(
      String instance,
      String pod,
      Supplier<List<ConnectedProxy>> proxies,
      ForeignTaps taps,
      LongAdder dropped) {}

  /**
   * @param client dials with the keys of the moment, over HTTP/2
   * @param pod name of the other's pod
   * @param address IP literal of it
   */
  ReplicaLink(
      Vertx vertx, HttpClient client, Settings settings, String pod, String address, int port) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.client = client;
    this.settings = settings;
    this.pod = pod;
    this.address = address;
    this.port = port;
  }

  String address() {
    return address;
  }

  /** Whether it has turned out to lead to this very replica; from any thread. */
  boolean isOurselves() {
    return ourselves;
  }

  /** From any thread. */
  void start() {
    context.runOnContext(v -> {
      timer = vertx.setPeriodic(TICK_MILLIS, t -> tick());
      dial();
    });
  }

  /** Ends it for good; from any thread. */
  void close() {
    context.runOnContext(v -> {
      closed = true;
      vertx.cancelTimer(timer);
      HttpClientRequest ending = open;
      up = false;
      open = null;
      attempt++;
      vertx.cancelTimer(answerTimer);
      outbox.clear();
      settings.taps.end(this);
      if (ending != null) {
        // One that does not read would never take the end.
        long farewell = vertx.setTimer(FAREWELL_MILLIS, t -> ending.connection().close());
        ending
            .end()
            .onComplete(done -> {
              vertx.cancelTimer(farewell);
              ending.connection().close();
            });
      }
    });
  }

  private void dial() {
    if (closed || ourselves) {
      return;
    }
    long mine = ++attempt;
    answerTimer =
        vertx.setTimer(ANSWER_MILLIS, t -> lost(mine, "no answer within " + ANSWER_MILLIS + " ms"));
    client
        .request(
            new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setServer(SocketAddress.inetSocketAddress(port, host()))
                .setHost(AUTHORITY)
                .setPort(port)
                .setURI(MeshProtocol.SHARE_PATH)
                .putHeader("content-type", "application/grpc")
                .putHeader("te", "trailers"))
        .onSuccess(request -> opened(mine, request))
        .onFailure(e -> lost(mine, reason(e)));
  }

  /** An IPv6 literal needs its brackets, whatever else is the authority. */
  private String host() {
    return address.indexOf(':') < 0 ? address : "[" + address + "]";
  }

  private void opened(long mine, HttpClientRequest request) {
    if (mine != attempt) {
      request.connection().close();
      return;
    }
    open = request;
    request.setChunked(true);
    request.exceptionHandler(e -> lost(mine, reason(e)));
    request.drainHandler(v -> {
      if (mine == attempt) {
        tell();
        outbox.sendTo(request);
      }
    });
    request
        .response()
        .onSuccess(answer -> listen(mine, answer))
        .onFailure(e -> lost(mine, reason(e)));
    send(request, new ReplicaMessage.Hello(MeshProtocol.VERSION, settings.instance, settings.pod));
  }

  private void listen(long mine, HttpClientResponse answer) {
    if (mine != attempt) {
      return;
    }
    String refusal = answer.getHeader("grpc-status");
    if (settings.instance.equals(answer.getHeader(ReplicaHub.INSTANCE_FIELD))) {
      ourselves = true;
      lost(mine, "this is the replica itself");
      return;
    }
    if (answer.statusCode() != 200 || refusal != null) {
      lost(mine, "status " + answer.statusCode() + ", " + answer.getHeader("grpc-message"));
      return;
    }
    var frames = new GrpcFrames();
    answer.handler(bytes -> {
      try {
        frames.read(
            bytes.getBytes(),
            0,
            bytes.length(),
            message -> {
              if (mine == attempt) {
                settings.taps.ask(this, ReplicaCodec.decodeRequest(message));
              }
            });
      } catch (WireException e) {
        lost(mine, reason(e));
      }
    });
    vertx.cancelTimer(answerTimer);
    answer.exceptionHandler(e -> lost(mine, reason(e)));
    answer.endHandler(v -> lost(mine, "it ended: " + answer.getTrailer("grpc-message")));
    up = true;
    wasUp = true;
    LOG.atInfo().addKeyValue("replica", pod).log("telling another replica of the proxies");
    tell();
  }

  private void tick() {
    HttpClientRequest request = open;
    if (!up || request == null) {
      return;
    }
    tell();
    if (++ticks % TICKS_PER_PING == 0) {
      pause = FIRST_PAUSE_MILLIS;
      long mine = attempt;
      if (pinging) {
        lost(mine, "no answer to a PING");
        return;
      }
      pinging = true;
      request
          .connection()
          .ping(Buffer.buffer(new byte[8]))
          .onComplete(answer -> {
            if (mine == attempt) {
              pinging = !answer.succeeded();
            }
          });
    }
  }

  /** Says who has come, who has changed, and who has gone. */
  private void tell() {
    HttpClientRequest request = open;
    if (!up || request == null) {
      return;
    }
    Set<Long> gone = new HashSet<>(told.keySet());
    List<ConnectedProxy> there = settings.proxies.get();
    there.forEach(proxy -> gone.remove(proxy.session()));
    gone.forEach(session -> left(request, session));
    for (ConnectedProxy proxy : there) {
      if (request.writeQueueFull()) {
        return;
      }
      tell(request, proxy);
    }
    long missing = request.writeQueueFull() ? 0 : untold.getAndSet(0);
    if (missing > 0) {
      send(request, new ReplicaMessage.Dropped(missing));
    }
  }

  private void tell(HttpClientRequest request, ConnectedProxy proxy) {
    if (!proxy.equals(told.put(proxy.session(), proxy))) {
      send(
          request,
          new ReplicaMessage.Proxy(
              proxy.session(),
              proxy.identity(),
              proxy.pod(),
              proxy.podKnown(),
              proxy.kind(),
              proxy.peer(),
              proxy.software(),
              proxy.bundle(),
              proxy.certificateNotAfterMillis(),
              proxy.since().toEpochMilli()));
    }
  }

  private void left(HttpClientRequest request, long session) {
    if (told.remove(session) != null) {
      send(request, new ReplicaMessage.Gone(session));
    }
  }

  /** A proxy of ours has reported; from any thread. */
  void report(ConnectedProxy from, TrafficReport report) {
    int weight = 1 + report.edges().size() + report.calls().size();
    later(
        weight,
        true,
        request -> {
          if (!told.containsKey(from.session())) {
            tell(request, from);
          }
          if (!send(request, new ReplicaMessage.Report(from.session(), report))) {
            untold.incrementAndGet();
          }
        });
  }

  @Override
  public void tapped(long session, ProxyMessage.Tapped tapped) {
    later(1, false, request -> send(request, new ReplicaMessage.Tapped(session, tapped)));
  }

  /**
   * Does something when the other reads; what would be too much is let fall and counted, and so is
   * what comes while the link is lost.
   *
   * @param report whether the other is to hear that it misses it
   */
  private void later(int weight, boolean report, Outbox.Sending sending) {
    if (!up) {
      letFall(report, 1);
    } else if (!outbox.reserve(weight)) {
      settings.dropped.increment();
      if (report) {
        untold.incrementAndGet();
      }
    } else {
      context.runOnContext(v -> {
        HttpClientRequest request = open;
        if (up && request != null) {
          outbox.add(weight, report, sending);
          outbox.sendTo(request);
        } else {
          outbox.release(weight);
          letFall(report, 1);
        }
      });
    }
  }

  /** Reports that could not be sent because the link is lost. */
  private void letFall(boolean report, int number) {
    if (report && wasUp && !closed && !ourselves) {
      settings.dropped.add(number);
      untold.addAndGet(number);
    }
  }

  /** The stream of a proxy of ours has ended; from any thread. */
  void gone(long session) {
    if (up) {
      context.runOnContext(v -> {
        HttpClientRequest request = open;
        if (up && request != null) {
          // Behind what it has reported.
          outbox.force(to -> left(to, session));
          outbox.sendTo(request);
        }
      });
    }
  }

  /**
   * @return false if it was let fall and counted
   */
  private boolean send(HttpClientRequest request, ReplicaMessage message) {
    byte[] encoded;
    try {
      encoded = ReplicaCodec.encode(message);
    } catch (IllegalArgumentException e) {
      // A report as large as may be does not fit when it is passed on.
      settings.dropped.increment();
      return false;
    }
    request.write(Buffer.buffer(GrpcFrames.frame(encoded)));
    return true;
  }

  private void lost(long mine, String why) {
    if (mine != attempt) {
      return;
    }
    attempt++;
    boolean was = up;
    up = false;
    pinging = false;
    vertx.cancelTimer(answerTimer);
    letFall(true, outbox.clear());
    told.clear();
    settings.taps.end(this);
    HttpClientRequest ending = open;
    open = null;
    if (ending != null) {
      ending.connection().close();
    }
    if (closed || ourselves) {
      return;
    }
    long wait = ThreadLocalRandom.current().nextLong(pause / 2, pause) + 1;
    pause = Math.min(MAX_PAUSE_MILLIS, 2 * pause);
    var line = was ? LOG.atWarn() : LOG.atDebug();
    line.addKeyValue("replica", pod)
        .addKeyValue("reason", why)
        .addKeyValue("retryMillis", wait)
        .log("another replica cannot be told of the proxies");
    vertx.setTimer(wait, t -> dial());
  }

  private static String reason(Throwable e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }
}
