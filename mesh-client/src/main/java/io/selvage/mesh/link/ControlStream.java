// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.link;

import static java.util.Objects.requireNonNull;

import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.ScheduledFuture;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.wire.ControlMessageCodec;
import io.selvage.model.wire.ProxyMessageCodec;
import io.selvage.model.wire.WireException;
import io.selvage.proxy.pool.UpstreamConnection;
import io.selvage.proxy.tls.MeshTls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one stream to the control plane: opened as soon as there is a certificate, and again whenever
 * it ends. What is sent waits in bounded memory for a control plane that reads slowly; reports do
 * not wait, they are given back to the sender.
 *
 * <p>All state is confined to one event loop; methods say where they may be called otherwise.
 */
public final class ControlStream implements AutoCloseable {
  static final String AUTHORITY = "control-plane";

  private static final Logger LOG = LoggerFactory.getLogger(ControlStream.class);

  /** From Hello to Welcome. */
  private static final long WELCOME_MILLIS = 10_000;

  /** A stream that lasted this long counts as success: the next attempt is made at once. */
  private static final long STABLE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final long CHECK_MILLIS = 2_000;

  /** A stream is opened anew so long before one of the certificates it began with ends. */
  private static final long END_MARGIN_SECONDS = 10;

  private static final long LOG_EVERY_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** Messages that wait for a control plane that does not read: more than all subscriptions. */
  private static final int MAX_WAITING = 10_000;

  /** What the stream is for. Called on the event loop. */
  public interface Receiver {
    /** The stream is open and nothing but Hello was sent on it. */
    void onConnected(ControlMessage.Welcome welcome);

    void onMessage(ControlMessage message);

    /** The stream has ended; another attempt follows. */
    void onDisconnected();

    /**
     * The control plane does not believe the certificate the stream was opened with.
     *
     * @param end of that certificate; empty if there was none
     */
    void onUnbelieved(Optional<Instant> end);
  }

  private final EventLoop loop;
  private final ControlAddresses addresses;
  private final ControlDialer dialer;
  private final MeshTls tls;
  private final Supplier<ProxyMessage.Hello> hello;
  private final Receiver receiver;
  private final Executor blocking;
  private final InstantSource clock;
  private final Backoff backoff;
  private final ArrayDeque<ProxyMessage> waiting = new ArrayDeque<>();

  private @Nullable Link link;
  private @Nullable ScheduledFuture<?> retry;
  private @Nullable ScheduledFuture<?> check;
  private boolean closed;
  private long loggedNanos;
  private boolean logged;
  private volatile boolean connected;
  private volatile boolean hopeful = true;
  private final AtomicLong connects = new AtomicLong();

  /**
   * @param blocking where names are resolved
   */
  public ControlStream(
      EventLoop loop,
      ControlAddresses addresses,
      MeshTls tls,
      String controlIdentity,
      Supplier<ProxyMessage.Hello> hello,
      Receiver receiver,
      Executor blocking,
      InstantSource clock,
      RandomGenerator random) {
    this.loop = loop;
    this.addresses = addresses;
    this.dialer = new ControlDialer(tls, controlIdentity);
    this.tls = tls;
    this.hello = hello;
    this.receiver = receiver;
    this.blocking = blocking;
    this.clock = clock;
    this.backoff = new Backoff(random);
  }

  /** Begins; from any thread. Without a certificate it waits for {@link #wake}. */
  public void start() {
    loop.execute(() -> {
      check =
          loop.scheduleAtFixedRate(
              this::checkCertificates, CHECK_MILLIS, CHECK_MILLIS, TimeUnit.MILLISECONDS);
      attempt();
    });
  }

  /** There is a new certificate; from any thread. */
  public void wake() {
    loop.execute(() -> {
      if (link == null) {
        attempt();
      }
    });
  }

  /** Whether Welcome has come on a stream that is still open; from any thread. */
  public boolean isConnected() {
    return connected;
  }

  /**
   * Whether it is worth waiting a moment for an answer: the stream is open, or being opened for the
   * first time since it was. From any thread.
   */
  public boolean isHopeful() {
    return connected || hopeful;
  }

  /** Streams opened so far; from any thread. */
  public long connects() {
    return connects.get();
  }

  /** Sends, or keeps for when the control plane reads on; nothing while the stream is not open. */
  public void send(ProxyMessage message) {
    Link open = link;
    if (!connected || open == null) {
      return;
    }
    if (waiting.isEmpty() && open.isWritable()) {
      open.send(message);
    } else if (waiting.size() >= MAX_WAITING) {
      open.fail("the control plane does not read");
    } else {
      waiting.add(message);
    }
  }

  /** Whether {@link #offer} would send. */
  public boolean canOffer() {
    Link open = link;
    return connected && open != null && waiting.isEmpty() && open.isWritable();
  }

  /**
   * Sends if that needs no waiting.
   *
   * @return false if nothing was sent
   */
  public boolean offer(ProxyMessage message) {
    Link open = link;
    if (open == null || !canOffer()) {
      return false;
    }
    open.send(message);
    return true;
  }

  /** Ends the stream for good; from any thread. */
  @Override
  public void close() {
    loop.execute(() -> {
      closed = true;
      if (check != null) {
        check.cancel(false);
      }
      if (retry != null) {
        retry.cancel(false);
      }
      connected = false;
      Link open = link;
      if (open != null) {
        open.end();
      }
    });
  }

  private void attempt() {
    if (closed || link != null) {
      return;
    }
    if (retry != null) {
      retry.cancel(false);
      retry = null;
    }
    if (!tls.hasCertificate()) {
      return; // wake() follows
    }
    var attempt = new Link();
    link = attempt;
    try {
      blocking.execute(() -> {
        try {
          InetSocketAddress to = addresses.next();
          loop.execute(() -> attempt.dial(to));
        } catch (IOException e) {
          loop.execute(() -> attempt.fail("no address of the control plane: " + e.getMessage()));
        }
      });
    } catch (RejectedExecutionException e) {
      link = null; // the process is ending
    }
  }

  private void onLost(Link lost, String why) {
    if (lost != link) {
      return;
    }
    link = null;
    waiting.clear();
    boolean was = connected;
    if (was) {
      connected = false;
      if (System.nanoTime() - lost.connectedNanos > STABLE_NANOS) {
        backoff.reset();
      }
    }
    if (closed) {
      return;
    }
    hopeful = was && backoff.isFresh();
    long pause = backoff.nextMillis();
    log(was, why, pause);
    retry = loop.schedule(this::attempt, pause, TimeUnit.MILLISECONDS);
    if (was) {
      receiver.onDisconnected();
    }
  }

  /** Not every attempt: an outage of hours would fill the log. */
  private void log(boolean was, String why, long pause) {
    long now = System.nanoTime();
    if (was || !logged || now - loggedNanos > LOG_EVERY_NANOS) {
      logged = true;
      loggedNanos = now;
      LOG.atWarn()
          .addKeyValue("reason", why)
          .addKeyValue("retryMillis", pause)
          .log(
              was
                  ? "the stream to the control plane has ended"
                  : "the control plane cannot be reached");
    }
  }

  /**
   * A stream does not outlive the certificates it was opened with: it is opened again with the new
   * ones, and what is known stays in use meanwhile.
   */
  private void checkCertificates() {
    Link open = link;
    if (open == null) {
      attempt(); // the certificate may have come back
      return;
    }
    Instant end = open.end;
    if (!connected || end == null) {
      return;
    }
    Instant now = clock.instant();
    Optional<Instant> ours = tls.notAfter();
    boolean renewed = ours.isPresent() && ours.get().isAfter(end);
    if (now.isAfter(end) || (renewed && now.isAfter(end.minusSeconds(END_MARGIN_SECONDS)))) {
      open.fail("a certificate of the connection ends");
    }
  }

  /** One attempt, and the stream it becomes. */
  private final class Link implements ControlDialer.Listener, GrpcCall.Listener {
    private @Nullable UpstreamConnection connection;
    private @Nullable GrpcCall call;
    private @Nullable ScheduledFuture<?> welcomeTimer;
    private @Nullable Instant end;
    private Optional<Instant> ours = Optional.empty();
    private boolean over;
    private long connectedNanos;

    void dial(InetSocketAddress to) {
      if (over || closed) {
        onLost(this, "closed");
        return;
      }
      ours = tls.notAfter();
      dialer.dial(loop, to, true, this);
    }

    @Override
    public void onConnected(UpstreamConnection opened, SslHandler handler) {
      if (over || closed) {
        opened.close();
        return;
      }
      connection = opened;
      Instant certificateEnd = MeshTls.connectionEnd(handler);
      end = certificateEnd.equals(Instant.MAX) ? null : certificateEnd;
      var begun = new GrpcCall(MeshProtocol.CONNECT_PATH, AUTHORITY, this);
      call = begun;
      opened.begin(begun);
      begun.send(ProxyMessageCodec.encode(hello.get()), false);
      welcomeTimer = loop.schedule(() -> fail("no welcome"), WELCOME_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void onFailed(String why) {
      fail(why);
    }

    @Override
    public void onMessage(byte[] bytes) throws WireException {
      ControlMessage message = ControlMessageCodec.decode(bytes).orElse(null);
      if (message == null) {
        return; // of a later version
      }
      if (connected) {
        receiver.onMessage(message);
      } else if (message instanceof ControlMessage.Welcome welcome) {
        onWelcome(welcome);
      } else {
        fail("the control plane did not say welcome first");
      }
    }

    private void onWelcome(ControlMessage.Welcome welcome) {
      if (welcomeTimer != null) {
        welcomeTimer.cancel(false);
      }
      connected = true;
      hopeful = true;
      logged = false;
      connects.incrementAndGet();
      connectedNanos = System.nanoTime();
      LOG.atInfo()
          .addKeyValue("instance", welcome.instance())
          .addKeyValue("version", welcome.version())
          .log("connected to the control plane");
      receiver.onConnected(welcome);
    }

    @Override
    public void onWritable() {
      while (!waiting.isEmpty() && isWritable()) {
        send(waiting.remove());
      }
    }

    boolean isWritable() {
      return call != null && call.isWritable();
    }

    void send(ProxyMessage message) {
      requireNonNull(call).send(ProxyMessageCodec.encode(message), false);
    }

    @Override
    public void onEnd(GrpcStatus status) {
      boolean counts = !over && !closed && this == link;
      fail(status.toString());
      if (counts && status.code() == GrpcStatus.UNAUTHENTICATED) {
        receiver.onUnbelieved(ours);
      }
    }

    void fail(String why) {
      if (!over) {
        end();
        onLost(this, why);
      }
    }

    void end() {
      over = true;
      if (welcomeTimer != null) {
        welcomeTimer.cancel(false);
      }
      if (call != null) {
        call.cancel();
      }
      if (connection != null) {
        connection.close();
      }
    }
  }
}
