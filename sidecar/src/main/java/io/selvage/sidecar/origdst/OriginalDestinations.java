// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.origdst;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.netty.channel.Channel;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.FastThreadLocal;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * Asks the kernel where a redirected connection was going: {@code getsockopt} with {@code
 * SO_ORIGINAL_DST} or {@code IP6T_SO_ORIGINAL_DST} (linux/netfilter_ipv4.h, linux/netfilter_ipv6/
 * ip6_tables.h), called through the foreign-function API.
 *
 * <p>Thread-safe. A call takes about a microsecond and never blocks, so it belongs on the channel's
 * event loop, where the descriptor cannot be closed and given to another connection meanwhile. The
 * memory for the answer is kept per thread.
 */
public final class OriginalDestinations {
  private static final int SOL_IP = 0;
  private static final int SOL_IPV6 = 41;

  /** The same number for both families. */
  private static final int SO_ORIGINAL_DST = 80;

  /** Size of {@code sockaddr_in} and {@code sockaddr_in6}, in bytes. */
  private static final int SOCKADDR_IN = 16;

  private static final int SOCKADDR_IN6 = 28;

  private static final short AF_INET = 2;
  private static final short AF_INET6 = 10;

  private static final int ENOENT = 2;
  private static final int EBADF = 9;
  private static final int ENOTSOCK = 88;
  private static final int ENOPROTOOPT = 92;
  private static final int EOPNOTSUPP = 95;

  private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private final MethodHandle getsockopt;

  private final FastThreadLocal<Memory> memory =
      new FastThreadLocal<>() {
        @Override
        protected Memory initialValue() {
          return new Memory(Arena.ofAuto());
        }
      };

  /**
   * Links the C library's {@code getsockopt}.
   *
   * @throws UnsupportedOperationException if this is not Linux, or native access is denied
   */
  @SuppressWarnings("restricted")
  public OriginalDestinations() {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      throw new UnsupportedOperationException(
          "the original destination of a connection can only be asked of Linux");
    }
    Linker linker = Linker.nativeLinker();
    MemorySegment function =
        linker
            .defaultLookup()
            .find("getsockopt")
            .orElseThrow(
                () -> new UnsupportedOperationException("the C library has no getsockopt"));
    try {
      getsockopt =
          linker.downcallHandle(
              function,
              FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS),
              Linker.Option.captureCallState("errno"));
    } catch (IllegalCallerException e) {
      throw new UnsupportedOperationException("native access is denied: " + e.getMessage(), e);
    }
  }

  /** Where an accepted connection was going. */
  public OriginalDestination of(Channel channel) {
    if (!(channel instanceof UnixChannel unix)) {
      return new OriginalDestination.Unknown(
          channel.getClass().getSimpleName() + " has no file descriptor to ask about");
    }
    if (!(channel.localAddress() instanceof InetSocketAddress local)) {
      return new OriginalDestination.Unknown("the connection is closed");
    }
    return of(unix.fd().intValue(), local.getAddress());
  }

  /**
   * Where a connection was going.
   *
   * @param fd descriptor of a connected TCP socket
   * @param local the address at which it was accepted; says which of the two questions to ask
   */
  OriginalDestination of(int fd, InetAddress local) {
    return local instanceof Inet6Address six && !isMapped(six)
        ? ask(fd, SOL_IPV6, SOCKADDR_IN6)
        : ask(fd, SOL_IP, SOCKADDR_IN);
  }

  private OriginalDestination ask(int fd, int level, int size) {
    Memory mine = memory.get();
    mine.length.set(JAVA_INT, 0, size);
    int failed;
    try {
      failed =
          (int)
              getsockopt.invokeExact(
                  mine.callState, fd, level, SO_ORIGINAL_DST, mine.address, mine.length);
    } catch (Throwable e) {
      throw new LinkageError("getsockopt cannot be called", e);
    }
    if (failed != 0) {
      return new OriginalDestination.Unknown(reason((int) ERRNO.get(mine.callState, 0L)));
    }
    InetSocketAddress address = read(mine.address, mine.length.get(JAVA_INT, 0));
    return address == null
        ? new OriginalDestination.Unknown("the kernel answered with no internet address")
        : new OriginalDestination.Known(address);
  }

  /** Reads a {@code sockaddr}, or returns null where it holds none of the two families. */
  static @Nullable InetSocketAddress read(MemorySegment sockaddr, int length) {
    short family = length < 2 ? 0 : sockaddr.get(JAVA_SHORT, 0);
    byte[] address;
    if (family == AF_INET && length >= SOCKADDR_IN) {
      address = bytes(sockaddr, 4, 4);
    } else if (family == AF_INET6 && length >= SOCKADDR_IN6) {
      address = bytes(sockaddr, 8, 16);
    } else {
      return null;
    }
    byte[] port = bytes(sockaddr, 2, 2);
    try {
      // For 16 bytes of an IPv4-mapped address this makes an Inet4Address.
      return new InetSocketAddress(
          InetAddress.getByAddress(address), (port[0] & 0xff) << 8 | (port[1] & 0xff));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] bytes(MemorySegment segment, long offset, int count) {
    return segment.asSlice(offset, count).toArray(JAVA_BYTE);
  }

  private static boolean isMapped(Inet6Address address) {
    byte[] b = address.getAddress();
    for (int i = 0; i < 10; i++) {
      if (b[i] != 0) {
        return false;
      }
    }
    return b[10] == -1 && b[11] == -1;
  }

  private static String reason(int errno) {
    return switch (errno) {
      case ENOENT -> "the kernel does not track the connection: no rule redirected it (ENOENT)";
      case EBADF -> "the connection is closed (EBADF)";
      case ENOTSOCK -> "the descriptor is no socket (ENOTSOCK)";
      case ENOPROTOOPT -> "the kernel tracks no connections of this family (ENOPROTOOPT)";
      case EOPNOTSUPP -> "the socket is no TCP connection (EOPNOTSUPP)";
      default -> "getsockopt failed with error number " + errno;
    };
  }

  private static final class Memory {
    final MemorySegment callState;
    final MemorySegment address;
    final MemorySegment length;

    Memory(Arena arena) {
      callState = arena.allocate(CALL_STATE);
      address = arena.allocate(SOCKADDR_IN6, 8);
      length = arena.allocate(JAVA_INT);
    }
  }
}
