// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.netty.util.NetUtil;
import io.selvage.model.routing.EndpointSet;
import io.selvage.proxy.upstream.Cluster;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds clusters whose endpoints are a host name. The system's resolver is asked off the event loops;
 * its own cache keeps to a bounded time to live, so asking again is cheap. A name that does not resolve
 * any more keeps its last addresses: DNS being away is no reason to drop traffic.
 */
final class DnsEndpoints implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DnsEndpoints.class);

  /** The JDK caches answers for 30 s at most unless configured; asking more often brings nothing. */
  private static final long REFRESH_SECONDS = 30;

  /** A name that has never resolved is asked for soon again. */
  private static final long RETRY_SECONDS = 2;

  private final Map<Cluster, ScheduledFuture<?>> followed = new ConcurrentHashMap<>();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("selvage-dns").factory());

  /** An IP literal is set at once and for good; a name from now on again and again. */
  void follow(Cluster cluster, String host, int port) {
    if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
      cluster.updateEndpoints(
          new EndpointSet(host + ':' + port, List.of(EndpointSet.Endpoint.of(host, port))));
    } else {
      schedule(cluster, host, port, 0);
    }
  }

  void forget(Cluster cluster) {
    ScheduledFuture<?> next = followed.remove(cluster);
    if (next != null) {
      next.cancel(false);
    }
  }

  private void schedule(Cluster cluster, String host, int port, long seconds) {
    followed.put(
        cluster, timer.schedule(() -> resolve(cluster, host, port), seconds, TimeUnit.SECONDS));
  }

  private void resolve(Cluster cluster, String host, int port) {
    // A slow resolver must not delay the other names: each look-up has a thread of its own.
    Thread.ofVirtual()
        .name("selvage-dns-lookup")
        .start(
            () -> {
              boolean known = update(cluster, host, port);
              if (followed.containsKey(cluster) && !timer.isShutdown()) {
                schedule(cluster, host, port, known ? REFRESH_SECONDS : RETRY_SECONDS);
              }
            });
  }

  private boolean update(Cluster cluster, String host, int port) {
    try {
      String[] addresses =
          Arrays.stream(InetAddress.getAllByName(host))
              .map(InetAddress::getHostAddress)
              .sorted()
              .toArray(String[]::new);
      var endpoints = new ArrayList<EndpointSet.Endpoint>(addresses.length);
      for (String address : addresses) {
        endpoints.add(new EndpointSet.Endpoint(address, port, host, "", false));
      }
      cluster.updateEndpoints(new EndpointSet(host + ':' + port, endpoints));
      return true;
    } catch (UnknownHostException e) {
      log.atWarn()
          .addKeyValue("cluster", cluster.spec().name())
          .addKeyValue("host", host)
          .log("the host name does not resolve, the last addresses are kept");
      return cluster.availableCount() > 0;
    }
  }

  @Override
  public void close() {
    followed.clear();
    timer.shutdownNow();
  }
}
