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
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.util.IdentityHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The event loops of the data path, as Netty channels need them. Where the process has a Vert.x
 * they are its own: {@link VertxLoops}.
 */
public final class EventLoops {
  private static final Logger log = LoggerFactory.getLogger(EventLoops.class);

  /** A process whose heap is no larger than this is meant to stay small altogether. */
  private static final long SMALL_HEAP_BYTES = 64L << 20;

  /**
   * One allocator for the whole data path. Buffers are taken and given back on event loops, which
   * cache them per thread; two direct arenas per core bound both contention and idle memory, and
   * chunks of 1 MiB (8 KiB pages, order 7) waste little. A sidecar, whose loop is one, has one
   * arena with chunks of 256 KiB: a chunk is resident as a whole, since the JDK clears it.
   */
  private static final PooledByteBufAllocator ALLOCATOR =
      Runtime.getRuntime().maxMemory() <= SMALL_HEAP_BYTES
          ? newAllocator(1, 5)
          : newAllocator(2 * Runtime.getRuntime().availableProcessors(), 7);

  private static PooledByteBufAllocator newAllocator(int directArenas, int order) {
    return new PooledByteBufAllocator(true, 1, directArenas, 8 * 1024, order, 256, 64, false, 0);
  }

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

  /** The loops of a group of the caller's. */
  public static EventLoops of(EventLoopGroup group) {
    return new EventLoops(group);
  }

  /**
   * Loops without a Vert.x, for a process that is to stay small; the caller shuts {@link
   * #workers()} down. Falls back to the JDK's selectors as {@link VertxLoops#create} does.
   *
   * @param threads at least 1
   */
  public static EventLoops create(TransportKind wanted, int threads) {
    IoHandlerFactory factory =
        switch (wanted) {
          case EPOLL -> Epoll.isAvailable() ? EpollIoHandler.newFactory() : null;
          case IO_URING -> IoUringTransport.newFactory();
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
      case IO_URING -> IoUringTransport.newServerChannel();
      case NIO -> new NioServerSocketChannel();
    };
  }

  /** An unregistered client channel that fits {@code loop}. */
  public static SocketChannel newSocketChannel(EventLoop loop) {
    return switch (kindOf(loop)) {
      case EPOLL -> new EpollSocketChannel();
      case IO_URING -> IoUringTransport.newSocketChannel();
      case NIO -> new NioSocketChannel();
    };
  }

  private static TransportKind kindOf(EventLoop loop) {
    if (isIoType(loop, EpollIoHandler.class)) {
      return TransportKind.EPOLL;
    }
    return isIoType(loop, NioIoHandler.class) ? TransportKind.NIO : TransportKind.IO_URING;
  }

  private static boolean isIoType(EventLoop loop, Class<? extends IoHandler> type) {
    return loop instanceof IoEventLoop io && io.isIoType(type);
  }
}
