// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.origdst;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.channel.unix.UnixChannel;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Asks the kernel where a redirected connection was going: {@code getsockopt} with {@code
 * SO_ORIGINAL_DST} or {@code IP6T_SO_ORIGINAL_DST} (linux/netfilter_ipv4.h, linux/netfilter_ipv6/
 * ip6_tables.h).
 *
 * <p>An epoll channel is asked through Netty, which has the call already; any other descriptor
 * through the foreign-function API ({@link ForeignGetsockopt}). Both give the same answers, but
 * linking the latter's first call costs 70 to 180 ms of processor time and 9 to 14 MB of memory
 * (measured with and without an ahead-of-time cache), which is a sixth of a sidecar.
 *
 * <p>Thread-safe. A call takes about a microsecond and never blocks, so it belongs on the channel's
 * event loop, where the descriptor cannot be closed and given to another connection meanwhile.
 */
public final class OriginalDestinations {
  static final int SOL_IP = 0;
  static final int SOL_IPV6 = 41;

  /** The same number for both families. */
  static final int SO_ORIGINAL_DST = 80;

  /** Size of {@code sockaddr_in} and {@code sockaddr_in6}, in bytes. */
  static final int SOCKADDR_IN = 16;

  static final int SOCKADDR_IN6 = 28;

  private static final RawUnixChannelOption IPV4 =
      new RawUnixChannelOption("SO_ORIGINAL_DST", SOL_IP, SO_ORIGINAL_DST, SOCKADDR_IN);
  private static final RawUnixChannelOption IPV6 =
      new RawUnixChannelOption("IP6T_SO_ORIGINAL_DST", SOL_IPV6, SO_ORIGINAL_DST, SOCKADDR_IN6);

  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  private static final int ENOENT = 2;
  private static final int EBADF = 9;
  private static final int ENOTSOCK = 88;
  private static final int ENOPROTOOPT = 92;
  private static final int EOPNOTSUPP = 95;

  /** Linked when it is first needed. */
  private static final class Foreign {
    static final ForeignGetsockopt CALL = new ForeignGetsockopt();

    private Foreign() {}
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
    return channel instanceof EpollSocketChannel epoll
        ? of(epoll, local.getAddress())
        : of(unix.fd().intValue(), local.getAddress());
  }

  private static OriginalDestination of(EpollSocketChannel channel, InetAddress local) {
    try {
      ByteBuffer answer = channel.config().getOption(isIpv6(local) ? IPV6 : IPV4);
      byte[] sockaddr = new byte[answer.remaining()];
      answer.get(sockaddr);
      return known(sockaddr);
    } catch (ChannelException e) {
      // Netty says the error's name, and no number. ENOENT: no rule redirected the connection.
      return new OriginalDestination.Unknown("the kernel does not say: " + e.getMessage());
    }
  }

  /**
   * Where a connection was going.
   *
   * @param fd descriptor of a connected TCP socket
   * @param local the address at which it was accepted; says which of the two questions to ask
   */
  OriginalDestination of(int fd, InetAddress local) {
    ForeignGetsockopt.Answer answer =
        isIpv6(local)
            ? Foreign.CALL.ask(fd, SOL_IPV6, SO_ORIGINAL_DST, SOCKADDR_IN6)
            : Foreign.CALL.ask(fd, SOL_IP, SO_ORIGINAL_DST, SOCKADDR_IN);
    return answer.errno() == 0
        ? known(answer.value())
        : new OriginalDestination.Unknown(reason(answer.errno()));
  }

  private static OriginalDestination known(byte[] sockaddr) {
    InetSocketAddress address = read(sockaddr);
    return address == null
        ? new OriginalDestination.Unknown("the kernel answered with no internet address")
        : new OriginalDestination.Known(address);
  }

  /** Reads a {@code sockaddr}, or returns null where it holds none of the two families. */
  static @Nullable InetSocketAddress read(byte[] sockaddr) {
    // The family is in the machine's byte order, and small: one of its two bytes is zero.
    int family = sockaddr.length < SOCKADDR_IN ? 0 : sockaddr[0] | sockaddr[1];
    byte[] address;
    if (family == AF_INET) {
      address = Arrays.copyOfRange(sockaddr, 4, 8);
    } else if (family == AF_INET6 && sockaddr.length >= SOCKADDR_IN6) {
      address = Arrays.copyOfRange(sockaddr, 8, 24);
    } else {
      return null;
    }
    try {
      // For 16 bytes of an IPv4-mapped address this makes an Inet4Address.
      return new InetSocketAddress(
          InetAddress.getByAddress(address), (sockaddr[2] & 0xff) << 8 | (sockaddr[3] & 0xff));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An IPv4 connection at a listener for both families is an IPv4 connection to the kernel. */
  private static boolean isIpv6(InetAddress local) {
    return local instanceof Inet6Address six && !isMapped(six.getAddress());
  }

  private static boolean isMapped(byte[] address) {
    for (int i = 0; i < 10; i++) {
      if (address[i] != 0) {
        return false;
      }
    }
    return address[10] == -1 && address[11] == -1;
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
}
