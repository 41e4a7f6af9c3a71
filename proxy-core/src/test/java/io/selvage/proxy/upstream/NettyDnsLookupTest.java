// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a name server of our own on loopback. */
class NettyDnsLookupTest {
  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private Channel server;
  private NettyDnsLookup lookup;

  @BeforeEach
  void startServer() throws InterruptedException {
    server =
        new Bootstrap()
            .group(group)
            .channel(NioDatagramChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new DatagramDnsQueryDecoder(),
                            new DatagramDnsResponseEncoder(),
                            new NameServer());
                  }
                })
            .bind("127.0.0.1", 0)
            .sync()
            .channel();
    lookup =
        new NettyDnsLookup(
            group.next(),
            NioDatagramChannel::new,
            new SingletonDnsServerAddressStreamProvider((InetSocketAddress) server.localAddress()));
  }

  @AfterEach
  void stopServer() throws InterruptedException {
    lookup.close();
    server.close().sync();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
  }

  @Test
  void answersWithAddressesAndTheShortestLifetime() throws Exception {
    DnsLookup.Answer answer = ask("two.test.");

    assertThat(answer.addresses())
        .extracting(a -> a.getHostAddress())
        .containsExactlyInAnyOrder("192.0.2.1", "192.0.2.2");
    assertThat(answer.ttlSeconds()).isEqualTo(17);
  }

  @Test
  void asksTheServerEachTime() throws Exception {
    assertThat(ask("two.test.").ttlSeconds()).isEqualTo(17);
    assertThat(ask("two.test.").ttlSeconds()).isEqualTo(17);
  }

  @Test
  void failsForANameThatDoesNotExist() {
    assertThatThrownBy(() -> ask("missing.test."))
        .isInstanceOf(ExecutionException.class)
        .hasMessageContaining("missing.test");
  }

  @Test
  void failsForANameThatCannotBeOne() {
    assertThatThrownBy(() -> ask("a".repeat(64) + ".test.")).isInstanceOf(ExecutionException.class);
  }

  private DnsLookup.Answer ask(String name) throws Exception {
    return lookup.lookup(name).toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  /** Knows {@code two.test.} with two addresses of different lifetimes; nothing else exists. */
  private static final class NameServer extends SimpleChannelInboundHandler<DatagramDnsQuery> {
    @Override
    protected void channelRead0(ChannelHandlerContext context, DatagramDnsQuery query) {
      DnsQuestion question = query.recordAt(DnsSection.QUESTION);
      var response = new DatagramDnsResponse(query.recipient(), query.sender(), query.id());
      response.addRecord(
          DnsSection.QUESTION, new DefaultDnsQuestion(question.name(), question.type()));
      if (!question.name().equals("two.test.")) {
        response.setCode(DnsResponseCode.NXDOMAIN);
      } else if (question.type().equals(DnsRecordType.A)) {
        response.addRecord(DnsSection.ANSWER, address(question.name(), 300, 1));
        response.addRecord(DnsSection.ANSWER, address(question.name(), 17, 2));
      }
      context.writeAndFlush(response);
    }

    private static DefaultDnsRawRecord address(String name, long ttl, int last) {
      return new DefaultDnsRawRecord(
          name,
          DnsRecordType.A,
          ttl,
          Unpooled.wrappedBuffer(new byte[] {(byte) 192, 0, 2, (byte) last}));
    }
  }
}
