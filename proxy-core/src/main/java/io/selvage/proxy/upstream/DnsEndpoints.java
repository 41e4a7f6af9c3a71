// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import io.netty.util.NetUtil;
import io.selvage.model.routing.EndpointSet;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Feeds a cluster from a host name: resolves it again as the records run out, and keeps the last
 * answer for as long as no newer one comes, for a DNS server that is down must not take the
 * backends with it. IP literals and {@code localhost} need no DNS (RFC 6761, section 6.3).
 */
final class DnsEndpoints {
  private static final Logger LOG = LoggerFactory.getLogger(DnsEndpoints.class);

  /** A shorter lifetime would have us ask all the time. */
  static final long MIN_REFRESH_SECONDS = 5;

  /** A longer one would have us miss a move for too long. */
  static final long MAX_REFRESH_SECONDS = 300;

  /** For answers without a lifetime, such as those of the hosts file. */
  static final long DEFAULT_REFRESH_SECONDS = 30;

  private static final long MAX_BACK_OFF_SECONDS = 30;

  private final Cluster cluster;
  private final String host;
  private final int port;
  private final DnsLookup lookup;
  private final Scheduler scheduler;
  private final Executor worker;
  private volatile boolean stopped;
  // Confined to one lookup at a time: the next one begins when the last has been applied.
  private int failures;
  private List<EndpointSet.Endpoint> current = List.of();

  /**
   * @param worker applies answers, since a hash table may have to be rebuilt; not an event loop
   */
  DnsEndpoints(
      Cluster cluster,
      String host,
      int port,
      DnsLookup lookup,
      Scheduler scheduler,
      Executor worker) {
    this.cluster = cluster;
    this.host = host.toLowerCase(Locale.ROOT);
    this.port = port;
    this.lookup = lookup;
    this.scheduler = scheduler;
    this.worker = worker;
  }

  void start() {
    String literal = host.equals("localhost") ? "127.0.0.1" : withoutBrackets(host);
    if (NetUtil.createByteArrayFromIpAddressString(literal) != null) {
      cluster.updateEndpoints(
          new EndpointSet(host, List.of(new EndpointSet.Endpoint(literal, port, host, "", false))));
      return;
    }
    resolve();
  }

  void stop() {
    stopped = true;
  }

  private void resolve() {
    if (stopped) {
      return;
    }
    lookup
        .lookup(host)
        .whenCompleteAsync(
            (answer, failure) -> {
              if (stopped) {
                return;
              }
              if (failure != null || answer.addresses().isEmpty()) {
                onFailure(failure == null ? "no address" : String.valueOf(failure.getMessage()));
              } else {
                onAnswer(answer);
              }
            },
            worker);
  }

  private void onAnswer(DnsLookup.Answer answer) {
    if (failures > 0) {
      LOG.atInfo().addKeyValue("host", host).log("name resolves again");
    }
    failures = 0;
    boolean anyIpv4 = answer.addresses().stream().anyMatch(Inet4Address.class::isInstance);
    List<EndpointSet.Endpoint> endpoints =
        answer.addresses().stream()
            // Where both families are announced, IPv6 often has no route.
            .filter(address -> !anyIpv4 || address instanceof Inet4Address)
            .map(InetAddress::getHostAddress)
            .map(DnsEndpoints::withoutZone)
            .distinct()
            // Servers rotate their answers; that is no change.
            .sorted()
            .map(address -> new EndpointSet.Endpoint(address, port, host, "", false))
            .toList();
    if (!endpoints.equals(current)) {
      current = endpoints;
      cluster.updateEndpoints(new EndpointSet(host, endpoints));
    }
    long ttl = answer.ttlSeconds() < 0 ? DEFAULT_REFRESH_SECONDS : answer.ttlSeconds();
    again(Math.clamp(ttl, MIN_REFRESH_SECONDS, MAX_REFRESH_SECONDS));
  }

  private void onFailure(String message) {
    failures++;
    // Once per outage, not once per attempt.
    if (failures == 1) {
      LOG.atWarn()
          .addKeyValue("host", host)
          .addKeyValue("cluster", cluster.spec().name())
          .addKeyValue("keptEndpoints", current.size())
          .addKeyValue("cause", message)
          .log("name does not resolve, the last answer is kept");
    }
    again(Math.min(1L << Math.min(failures - 1, 10), MAX_BACK_OFF_SECONDS));
  }

  private void again(long seconds) {
    // Up to a tenth later, so that clusters made together do not ask together for ever.
    long millis = seconds * 1000;
    scheduler.schedule(
        millis + ThreadLocalRandom.current().nextLong(millis / 10 + 1), this::resolve);
  }

  private static String withoutBrackets(String text) {
    return text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
  }

  private static String withoutZone(String address) {
    int zone = address.indexOf('%');
    return zone < 0 ? address : address.substring(0, zone);
  }
}
