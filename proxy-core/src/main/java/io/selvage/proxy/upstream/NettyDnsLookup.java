// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramChannel;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsCache;
import io.netty.resolver.dns.DnsCacheEntry;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Netty's resolver, which reads {@code /etc/resolv.conf} and {@code /etc/hosts} and follows search
 * domains. It tells the lifetime of records only to its cache, so the cache given to it stores
 * nothing and listens. Confined to one event loop.
 */
final class NettyDnsLookup implements DnsLookup, AutoCloseable {
  private final DnsNameResolver resolver;
  private final EventLoop loop;
  private final TtlListener ttls = new TtlListener();
  private int outstanding;

  /**
   * @param servers whom to ask; null = the system's configuration
   */
  NettyDnsLookup(
      EventLoop loop,
      ChannelFactory<? extends DatagramChannel> datagramChannels,
      @Nullable DnsServerAddressStreamProvider servers) {
    this.loop = loop;
    var builder =
        new DnsNameResolverBuilder(loop)
            .datagramChannelFactory(datagramChannels)
            .resolvedAddressTypes(ResolvedAddressTypes.IPV4_PREFERRED)
            .resolveCache(ttls);
    if (servers != null) {
      builder.nameServerProvider(servers);
    }
    this.resolver = builder.build();
  }

  @Override
  public CompletionStage<Answer> lookup(String host) {
    var answer = new CompletableFuture<Answer>();
    loop.execute(() -> resolve(host, answer));
    return answer;
  }

  @Override
  public void close() {
    resolver.close();
  }

  private void resolve(String host, CompletableFuture<Answer> answer) {
    outstanding++;
    // May fail at once, for a name that cannot be one.
    resolver.resolveAll(host).addListener((Future<List<InetAddress>> done) -> finish(done, answer));
  }

  private void finish(Future<List<InetAddress>> done, CompletableFuture<Answer> answer) {
    outstanding--;
    if (done.isSuccess()) {
      List<InetAddress> addresses = done.getNow();
      answer.complete(new Answer(addresses, ttls.shortest(addresses)));
    } else {
      answer.completeExceptionally(done.cause());
    }
    if (outstanding == 0) {
      ttls.clear();
    }
  }

  /** Remembers the lifetimes of the lookups under way. */
  private static final class TtlListener implements DnsCache {
    private final Map<InetAddress, Long> seconds = new HashMap<>();

    long shortest(List<InetAddress> addresses) {
      long shortest = -1;
      for (InetAddress address : addresses) {
        Long ttl = seconds.get(address);
        if (ttl != null && (shortest < 0 || ttl < shortest)) {
          shortest = ttl;
        }
      }
      return shortest;
    }

    @Override
    public void clear() {
      seconds.clear();
    }

    @Override
    public boolean clear(String hostname) {
      return false;
    }

    @Override
    public @Nullable List<? extends DnsCacheEntry> get(
        String hostname, DnsRecord @Nullable [] additionals) {
      return null;
    }

    @Override
    public DnsCacheEntry cache(
        String hostname,
        DnsRecord @Nullable [] additionals,
        InetAddress address,
        long originalTtl,
        EventLoop loop) {
      seconds.merge(address, originalTtl, Math::min);
      return new Unstored(address, null);
    }

    @Override
    public DnsCacheEntry cache(
        String hostname, DnsRecord @Nullable [] additionals, Throwable cause, EventLoop loop) {
      return new Unstored(null, cause);
    }
  }

  private record Unstored(@Nullable InetAddress address, @Nullable Throwable cause)
      implements DnsCacheEntry {}
}
