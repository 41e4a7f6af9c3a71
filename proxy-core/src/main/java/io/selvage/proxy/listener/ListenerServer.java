// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.proxy.tls.TlsBindings;
import io.selvage.proxy.transport.EventLoops;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One bound socket and its connections. Everything but the address and port can be changed while it
 * serves: {@link #update}. Thread-safe; update and close are called by one thread at a time.
 */
public final class ListenerServer {
  /** Asked of the kernel, which caps it at net.core.somaxconn. */
  private static final int BACKLOG = 4096;

  private final ListenerEnvironment environment;
  private final Acceptor acceptor;
  private final Set<Channel> connections = ConcurrentHashMap.newKeySet();
  private final SilentConnections silent = new SilentConnections();
  private volatile LiveListener live;
  private volatile boolean retiring;

  /** Connections have been closed. */
  private volatile boolean cutOff;

  /** What is wrong with the certificates of the settings in force. */
  private volatile List<Problem> certificateProblems = List.of();

  private @Nullable Channel socket;

  private ListenerServer(
      ListenerSpec spec, ListenerEnvironment environment, Consumer<Problem> problems) {
    this.environment = environment;
    this.acceptor = new Acceptor(this, environment);
    this.live = compile(spec, build(spec, TlsBindings.none(environment.tls())));
    certificateProblems.forEach(problems);
  }

  private TlsBindings build(ListenerSpec spec, TlsBindings previous) {
    List<Problem> found = new ArrayList<>();
    TlsBindings bindings =
        TlsBindings.build(spec.tlsBindings(), previous, environment.tls(), found::add);
    certificateProblems = List.copyOf(found);
    return bindings;
  }

  /**
   * Opens the socket. Certificates that cannot be used are problems, not failures.
   *
   * @return fails with the system's reason when the socket cannot be bound
   */
  public static CompletionStage<ListenerServer> bind(
      ListenerSpec spec, ListenerEnvironment environment, Consumer<Problem> problems) {
    InetSocketAddress address;
    try {
      address = new InetSocketAddress(InetAddress.getByName(spec.address()), spec.port());
    } catch (UnknownHostException e) {
      return CompletableFuture.failedFuture(e);
    }
    ListenerServer server = new ListenerServer(spec, environment, problems);
    var bound = new CompletableFuture<ListenerServer>();
    // Accepting on a worker loop: with an acceptor thread of its own each connection would begin
    // with a hand-over between threads, which costs more than the accept.
    EventLoop loop = environment.loops().next();
    ChannelFuture binding =
        new Bootstrap()
            .group(loop)
            .channelFactory(() -> EventLoops.newServerChannel(loop))
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .handler(server.acceptor)
            .bind(address);
    server.socket = binding.channel();
    binding.addListener(done -> {
      if (done.isSuccess()) {
        bound.complete(server);
      } else {
        server.live.bindings().release();
        bound.completeExceptionally(done.cause());
      }
    });
    return bound;
  }

  private LiveListener compile(ListenerSpec spec, TlsBindings bindings) {
    return LiveListener.of(
        spec,
        bindings,
        new ServerCodecContext(
            environment.exchanges(),
            environment.limits(),
            this::isDraining,
            Math.clamp(spec.http2MaxConcurrentStreams(), 1, 1000),
            environment.settings()));
  }

  /**
   * Takes new settings for connections and handshakes that begin from now on; running ones go on as
   * they began. The address and port of {@code spec} are not looked at. Not for event loops: builds
   * certificates.
   *
   * @param problems hears of every certificate of {@code spec} that cannot be used, also when
   *     nothing has changed since it was first found
   */
  public void update(ListenerSpec spec, Consumer<Problem> problems) {
    LiveListener old = live;
    if (!old.spec().equals(spec)) {
      live = compile(spec, build(spec, old.bindings()));
      old.bindings().release();
    }
    certificateProblems.forEach(problems);
  }

  /** Certificates of the settings in force that cannot be used. */
  public List<Problem> certificateProblems() {
    return certificateProblems;
  }

  /** Whether the process is leaving, or this listener is: what codecs on its connections ask. */
  public boolean isDraining() {
    return retiring || environment.drain().isDraining();
  }

  /** What new connections are judged by. */
  LiveListener live() {
    return live;
  }

  /** The settings in force. */
  public ListenerSpec spec() {
    return live.spec();
  }

  /** The certificates in force, to ask which binding serves an authority (421). */
  public TlsBindings bindings() {
    return live.bindings();
  }

  /** The port the socket has, also where the spec asked for any; -1 when it is closed. */
  public int port() {
    Channel channel = socket;
    return channel != null && channel.localAddress() instanceof InetSocketAddress address
        ? address.getPort()
        : -1;
  }

  /** Open connections, those still shaking hands included. */
  public int openConnections() {
    return acceptor.open();
  }

  /** Whether connections have been told to end. */
  boolean isRetiring() {
    return retiring;
  }

  /**
   * A connection of this listener. Those that are told to end are told once: one that was being
   * accepted meanwhile hears of it here.
   *
   * @param beganRetiring what {@link #isRetiring} was before anything was done with it
   */
  void add(Channel connection, boolean beganRetiring) {
    connections.add(connection);
    if (cutOff) {
      connection.close();
    } else if (retiring && !beganRetiring) {
      drain(connection);
    }
  }

  void remove(Channel connection) {
    connections.remove(connection);
    heard(connection);
  }

  /**
   * Nobody has said anything on this connection yet. Where there are as many connections as there
   * may be, the one that has been silent longest makes room for a new one.
   *
   * @param reset ends the connection; run on its event loop
   */
  public void silent(Channel connection, Runnable reset) {
    silent.add(connection, reset);
    if (!connection.isOpen()) {
      heard(connection);
    }
  }

  /** Somebody has: from now on the connection stays. */
  public void heard(Channel connection) {
    if (silent.remove(connection)) {
      acceptor.onNoneSilent();
    }
  }

  SilentConnections silent() {
    return silent;
  }

  /** Closes the socket; connections go on. */
  public CompletionStage<Void> stopAccepting() {
    Channel channel = socket;
    if (channel == null) {
      return CompletableFuture.completedFuture(null);
    }
    var closed = new CompletableFuture<Void>();
    channel.close().addListener(done -> closed.complete(null));
    return closed;
  }

  /** Tells every connection to end after what runs on it: see {@link ServerCodec.Drain}. */
  public void drainConnections() {
    retiring = true;
    connections.forEach(ListenerServer::drain);
  }

  private static void drain(Channel connection) {
    connection
        .eventLoop()
        .execute(() -> connection.pipeline().fireUserEventTriggered(ServerCodec.Drain.INSTANCE));
  }

  /**
   * Stops accepting, drains the connections and gives the certificates back: the listener is gone.
   */
  CompletionStage<Void> retire() {
    CompletionStage<Void> closed = stopAccepting();
    drainConnections();
    live.bindings().release();
    live = compile(live.spec(), TlsBindings.none(environment.tls()));
    return closed;
  }

  /** Closes the socket and every connection, whatever runs on it. */
  public CompletionStage<Void> close() {
    cutOff = true;
    CompletionStage<Void> retired = retire();
    connections.forEach(Channel::close);
    return retired;
  }
}
