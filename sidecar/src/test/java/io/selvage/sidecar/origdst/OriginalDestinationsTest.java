// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.origdst;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OriginalDestinationsTest {
  private final OriginalDestinations destinations = new OriginalDestinations();

  /**
   * Loopback tracks connections on one machine and not on another. What must never come is a third
   * address.
   */
  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  void saysOfADirectConnectionItsListenerOrThatItIsNotTracked(String host) throws Exception {
    EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    try {
      var answer = new CompletableFuture<OriginalDestination>();
      var foreign = new CompletableFuture<OriginalDestination>();
      Channel listener =
          new ServerBootstrap()
              .group(loops)
              .channel(EpollServerSocketChannel.class)
              .childHandler(
                  new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                      var channel = (EpollSocketChannel) ctx.channel();
                      answer.complete(destinations.of(channel));
                      foreign.complete(
                          destinations.of(
                              channel.fd().intValue(), channel.localAddress().getAddress()));
                    }
                  })
              .bind(new InetSocketAddress(host, 0))
              .sync()
              .channel();
      InetSocketAddress address = (InetSocketAddress) listener.localAddress();
      try (Socket client = new Socket(InetAddress.getByName(host), address.getPort())) {
        assertThat(client.isConnected()).isTrue();
        OriginalDestination first = answer.get(20, TimeUnit.SECONDS);
        OriginalDestination second = foreign.get(20, TimeUnit.SECONDS);
        if (first instanceof OriginalDestination.Unknown(String why)) {
          assertThat(why).containsAnyOf("No such file or directory", "Protocol not available");
          assertThat(second)
              .isInstanceOfSatisfying(
                  OriginalDestination.Unknown.class,
                  it -> assertThat(it.reason()).containsAnyOf("ENOENT", "ENOPROTOOPT"));
        } else {
          assertThat(first).isEqualTo(new OriginalDestination.Known(address)).isEqualTo(second);
        }
      }
    } finally {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
  }

  @Test
  void saysWhyThereIsNone() throws Exception {
    assertThat(destinations.of(-1, InetAddress.getByName("127.0.0.1")))
        .isEqualTo(new OriginalDestination.Unknown("the connection is closed (EBADF)"));
    assertThat(destinations.of(0, InetAddress.getByName("::1")))
        .isInstanceOfSatisfying(
            OriginalDestination.Unknown.class, it -> assertThat(it.reason()).isNotBlank());
    var embedded = new EmbeddedChannel();
    assertThat(destinations.of(embedded))
        .isEqualTo(
            new OriginalDestination.Unknown("EmbeddedChannel has no file descriptor to ask about"));
    embedded.close();
  }

  @Test
  void readsBothFamilies() {
    byte[] four = {2, 0, 0x1f, (byte) 0x90, 10, 9, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0};
    assertThat(read(four)).isEqualTo(new InetSocketAddress("10.9.8.7", 8080));
    byte[] six = new byte[28];
    six[0] = 10;
    six[2] = (byte) 0xff;
    six[3] = (byte) 0xff;
    six[8] = (byte) 0xfd;
    six[23] = 9;
    assertThat(read(six)).isEqualTo(new InetSocketAddress("fd00::9", 65535));
  }

  @Test
  void makesAMappedAddressAnIpv4Address() {
    byte[] six = new byte[28];
    six[0] = 10;
    six[3] = 80;
    six[18] = -1;
    six[19] = -1;
    six[20] = 10;
    six[23] = 1;
    assertThat(read(six)).isEqualTo(new InetSocketAddress("10.0.0.1", 80));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 15})
  void takesNoShortAnswer(int length) {
    byte[] four = {2, 0, 0, 80, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    assertThat(read(Arrays.copyOf(four, length))).isNull();
    assertThat(read(four)).isNotNull();
    byte[] six = new byte[27];
    six[0] = 10;
    assertThat(read(six)).isNull();
    assertThat(read(new byte[28])).isNull();
  }

  private static @Nullable InetSocketAddress read(byte[] sockaddr) {
    return OriginalDestinations.read(sockaddr);
  }
}
