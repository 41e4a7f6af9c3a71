// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.NetUtil;
import io.selvage.model.routing.ClusterSpec.LoadBalancerPolicy;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DnsEndpointsTest {
  private final ManualScheduler scheduler = new ManualScheduler();
  private final Cluster cluster = Clusters.of(LoadBalancerPolicy.ROUND_ROBIN, 0).cluster;
  private final List<String> asked = new ArrayList<>();
  private final List<Long> askedAt = new ArrayList<>();
  private CompletionStage<DnsLookup.Answer> answer =
      CompletableFuture.failedFuture(new UnknownHostException("no such name"));

  @Test
  void followsTheName() throws Exception {
    answer = answer(10, "10.0.0.2", "10.0.0.1");
    DnsEndpoints endpoints = start("web.example.com");
    assertThat(cluster.endpoints()).hasToString("[10.0.0.1:8080, 10.0.0.2:8080]");
    assertThat(cluster.endpoints().get(0).hostname()).isEqualTo("web.example.com");

    answer = answer(10, "10.0.0.3");
    scheduler.advanceMillis(9_999);
    assertThat(cluster.endpoints()).hasSize(2);
    scheduler.advanceMillis(1_002);

    assertThat(cluster.endpoints()).hasToString("[10.0.0.3:8080]");
    endpoints.stop();
  }

  @Test
  void takesARotatedAnswerForTheSame() throws Exception {
    answer = answer(10, "10.0.0.2", "10.0.0.1");
    start("web");
    List<Endpoint> before = cluster.endpoints();
    List<Endpoint> removed = new ArrayList<>();
    cluster.onRemoval(removed::add);

    answer = answer(10, "10.0.0.1", "10.0.0.2", "10.0.0.1");
    scheduler.advanceMillis(60_000);

    assertThat(cluster.endpoints()).isEqualTo(before);
    assertThat(removed).isEmpty();
  }

  @Test
  void keepsTheLastAnswerWhileNoServerAnswers() throws Exception {
    answer = answer(10, "10.0.0.1");
    start("web");

    answer = CompletableFuture.failedFuture(new UnknownHostException("web"));
    scheduler.advanceMillis(3_600_000);
    assertThat(cluster.endpoints()).hasSize(1);
    answer = answer(10);
    scheduler.advanceMillis(60_000);
    assertThat(cluster.endpoints()).as("an empty answer").hasSize(1);

    answer = answer(10, "10.0.0.9");
    scheduler.advanceMillis(33_001);
    assertThat(cluster.endpoints()).hasToString("[10.0.0.9:8080]");
  }

  @Test
  void backsOffWhileANameFails() {
    start("web");
    scheduler.advanceMillis(140_000);

    long[] seconds = {1, 2, 4, 8, 16, 30, 30};
    for (int i = 0; i < seconds.length; i++) {
      assertThat(askedAt.get(i + 1) - askedAt.get(i))
          .as("pause %d", i)
          .isBetween(seconds[i] * 1000, seconds[i] * 1100);
    }
  }

  @ParameterizedTest(name = "a lifetime of {0} s is asked again after {1} s")
  @CsvSource({"0, 5", "4, 5", "5, 5", "60, 60", "300, 300", "301, 300", "-1, 30"})
  void boundsTheLifetimeOfAnswers(long ttl, long refresh) throws Exception {
    answer = answer(ttl, "10.0.0.1");
    start("web");

    scheduler.advanceMillis(refresh * 1000 - 1);
    assertThat(asked).hasSize(1);
    scheduler.advanceMillis(refresh * 100 + 1);
    assertThat(asked).hasSize(2);
  }

  @Test
  void prefersIpv4WhereBothAreAnnounced() throws Exception {
    answer = answer(10, "2001:db8::1", "10.0.0.1");
    start("web");
    assertThat(cluster.endpoints()).hasToString("[10.0.0.1:8080]");

    answer = answer(10, "2001:db8::1");
    scheduler.advanceMillis(11_001);
    assertThat(cluster.endpoints()).hasToString("[[2001:db8::1]:8080]");
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, 127.0.0.1:8080",
    "LocalHost, 127.0.0.1:8080",
    "10.1.2.3, 10.1.2.3:8080",
    "::1, [::1]:8080",
    "[::1], [::1]:8080",
  })
  void asksNoServerForLiteralsAndLocalhost(String host, String endpoint) {
    start(host);
    scheduler.advanceMillis(1_000_000);

    assertThat(asked).isEmpty();
    assertThat(cluster.endpoints()).hasToString("[" + endpoint + "]");
  }

  @Test
  void asksNoMoreOnceStopped() throws Exception {
    answer = answer(10, "10.0.0.1");
    DnsEndpoints endpoints = start("web");

    endpoints.stop();
    scheduler.advanceMillis(1_000_000);

    assertThat(asked).hasSize(1);
    assertThat(cluster.endpoints()).hasSize(1);
  }

  private DnsEndpoints start(String host) {
    var endpoints =
        new DnsEndpoints(
            cluster,
            host,
            8080,
            name -> {
              asked.add(name);
              askedAt.add(scheduler.nowMillis());
              return answer;
            },
            scheduler,
            Runnable::run);
    endpoints.start();
    return endpoints;
  }

  private static CompletionStage<DnsLookup.Answer> answer(long ttl, String... addresses)
      throws UnknownHostException {
    List<InetAddress> list = new ArrayList<>();
    for (String address : addresses) {
      list.add(InetAddress.getByAddress(NetUtil.createByteArrayFromIpAddressString(address)));
    }
    return CompletableFuture.completedFuture(new DnsLookup.Answer(list, ttl));
  }
}
