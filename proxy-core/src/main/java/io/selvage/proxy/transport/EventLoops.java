// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.transport;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.transport.Transport;
import java.util.IdentityHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Vert.x's event loops as Netty channels need them. Channels of our own are registered on the loops
 * that also run Vert.x's timers and contexts, so one connection is one thread throughout.
 */
public final class EventLoops {
  private static final Logger log = LoggerFactory.getLogger(EventLoops.class);

  /**
   * One allocator for the whole data path. Buffers are taken and given back on event loops, which
   * cache them per thread; two direct arenas per core bound both contention and idle memory, and
   * chunks of 1 MiB (8 KiB pages, order 7) are small enough for a sidecar's 32 MiB.
   */
  private static final PooledByteBufAllocator ALLOCATOR =
      new PooledByteBufAllocator(
          true,
          1,
          Math.max(1, 2 * Runtime.getRuntime().availableProcessors()),
          8 * 1024,
          7,
          256,
          64,
          false,
          0);

  private final EventLoopGroup workers;
  private final IdentityHashMap<EventExecutor, Integer> indexes = new IdentityHashMap<>();
  private final TransportKind kind;

  private EventLoops(EventLoopGroup workers) {
    this.workers = workers;
    this.kind = kindOf(workers.next());
    for (EventExecutor loop : workers) {
      indexes.put(loop, indexes.size());
    }
  }

  /** The loops of a running Vert.x. */
  public static EventLoops of(Vertx vertx) {
    return new EventLoops(((VertxInternal) vertx).nettyEventLoopGroup());
  }

  /** The loops of a group of the caller's. */
  public static EventLoops of(EventLoopGroup group) {
    return new EventLoops(group);
  }

  /**
   * Loops without a Vert.x, for a process that is to stay small; the caller shuts {@link
   * #workers()} down. Falls back to the JDK's selectors as {@link #createVertx} does.
   *
   * @param threads at least 1
   */
  public static EventLoops create(TransportKind wanted, int threads) {
    IoHandlerFactory factory =
        switch (wanted) {
          case EPOLL -> Epoll.isAvailable() ? EpollIoHandler.newFactory() : null;
          case IO_URING -> IoUring.isAvailable() ? IoUringIoHandler.newFactory() : null;
          case NIO -> NioIoHandler.newFactory();
        };
    if (factory == null) {
      log.atWarn()
          .addKeyValue("transport", wanted)
          .log("the transport is not available here, the JDK's selectors are used instead");
      factory = NioIoHandler.newFactory();
    }
    return new EventLoops(
        new MultiThreadIoEventLoopGroup(
            threads, new DefaultThreadFactory("selvage-loop"), factory));
  }

  /**
   * Starts Vert.x on the wanted transport, or with a warning on the JDK's where the native library
   * is missing.
   *
   * @param eventLoops number of loops; 0 = Vert.x's default of two per core
   */
  public static Vertx createVertx(TransportKind wanted, int eventLoops) {
    Transport transport =
        switch (wanted) {
          case EPOLL -> Transport.EPOLL;
          case IO_URING -> Transport.IO_URING;
          case NIO -> Transport.NIO;
        };
    if (transport == null || !transport.available()) {
      log.atWarn()
          .addKeyValue("transport", wanted)
          .setCause(transport == null ? null : transport.unavailabilityCause())
          .log("the transport is not available here, the JDK's selectors are used instead");
      transport = Transport.NIO;
    }
    VertxOptions options = new VertxOptions();
    if (eventLoops > 0) {
      options.setEventLoopPoolSize(eventLoops);
    }
    return Vertx.builder().with(options).withTransport(transport).build();
  }

  /** Connections run here, and servers accept here: see {@link #next()}. */
  public EventLoopGroup workers() {
    return workers;
  }

  /** The next loop in turn. */
  public EventLoop next() {
    return workers.next();
  }

  /** Number of loops. */
  public int size() {
    return indexes.size();
  }

  /** Position of a loop, from 0; 0 for a loop of another group. */
  public int indexOf(EventLoop loop) {
    return indexes.getOrDefault(loop, 0);
  }

  public TransportKind kind() {
    return kind;
  }

  /** The allocator of every channel of the data path. */
  public static ByteBufAllocator allocator() {
    return ALLOCATOR;
  }

  /** An unregistered server channel that fits {@code loop} and hands children of its kind out. */
  public static ServerChannel newServerChannel(EventLoop loop) {
    return switch (kindOf(loop)) {
      case EPOLL -> new EpollServerSocketChannel();
      case IO_URING -> new IoUringServerSocketChannel();
      case NIO -> new NioServerSocketChannel();
    };
  }

  /** An unregistered client channel that fits {@code loop}. */
  public static SocketChannel newSocketChannel(EventLoop loop) {
    return switch (kindOf(loop)) {
      case EPOLL -> new EpollSocketChannel();
      case IO_URING -> new IoUringSocketChannel();
      case NIO -> new NioSocketChannel();
    };
  }

  private static TransportKind kindOf(EventLoop loop) {
    if (isIoType(loop, EpollIoHandler.class)) {
      return TransportKind.EPOLL;
    }
    return isIoType(loop, IoUringIoHandler.class) ? TransportKind.IO_URING : TransportKind.NIO;
  }

  private static boolean isIoType(EventLoop loop, Class<? extends IoHandler> type) {
    return loop instanceof IoEventLoop io && io.isIoType(type);
  }
}
