// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.controlplane.api.Overview;
import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ProxyFleet;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.kube.ClusterStateListener;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.SourceHealth;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OverviewMakerTest {
  private static final Instant NOW = Instant.parse("2026-01-02T00:00:00Z");
  private static final Duration LIFETIME = Duration.ofHours(24);

  private final List<ConnectedProxy> proxies = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();
  private final List<String> missing = new ArrayList<>();
  private final List<String> silent = new ArrayList<>();
  private SourceHealth health = new SourceHealth(true, true, "", Instant.EPOCH, 0);
  private boolean issuer = true;

  private Overview overview() {
    return new OverviewMaker(
            new OverviewMaker.Parts(
                "replica",
                "cluster.local",
                LIFETIME,
                new Source(),
                ClusterState::empty,
                () -> problems,
                () -> missing,
                () -> {
                  if (!issuer) {
                    throw new RpcException(Status.UNAVAILABLE, "none yet");
                  }
                  return new ControlMessage.Bundle("pem", "new", false);
                },
                new Fleet(),
                () -> silent,
                List.of(),
                () -> NOW))
        .make();
  }

  private final class Source implements ClusterStateSource {
    @Override
    public void start(ClusterStateListener listener) {}

    @Override
    public SourceHealth health() {
      return health;
    }

    @Override
    public void close() {}
  }

  private final class Fleet implements ProxyFleet {
    @Override
    public List<ConnectedProxy> proxies() {
      return proxies;
    }

    @Override
    public void bundleChanged(boolean renew) {}
  }

  private void proxy(String pod, String bundle, Duration left) {
    proxies.add(
        new ConnectedProxy(
            proxies.size(),
            new WorkloadIdentity("cluster.local", "shop", "web"),
            new PodRef("shop", pod),
            true,
            ProxyKind.SIDECAR,
            "10.0.0.1",
            "0.1.0",
            bundle,
            NOW.plus(left).toEpochMilli(),
            Instant.EPOCH));
  }

  @Test
  void nothingToMend() {
    proxy("a", "new", LIFETIME.dividedBy(4));
    proxy("just-came", "", LIFETIME);
    Overview overview = overview();
    assertThat(overview.problems()).isEmpty();
    assertThat(overview.proxies()).extracting(Overview.Proxy::trouble).containsOnly("");
    assertThat(overview.proxies().getFirst().certificateEnd()).isEqualTo("2026-01-02T06:00:00Z");
  }

  @Test
  void aProxyInTroubleComesFirst() {
    proxy("fine", "new", LIFETIME);
    proxy("old", "old", LIFETIME);
    proxy("overdue", "new", LIFETIME.dividedBy(4).minusMillis(1));
    proxy("ended", "new", Duration.ofMillis(-1));
    Overview overview = overview();
    assertThat(overview.proxies())
        .extracting(Overview.Proxy::pod)
        .containsExactly("old", "overdue", "ended", "fine");
    assertThat(overview.problems())
        .extracting(Overview.Finding::message)
        .containsExactly(
            "it believes another trust bundle than the current one: shop/old",
            "its certificate was not renewed in time: shop/overdue",
            "its certificate has ended: shop/ended");
  }

  @Test
  void manyProxiesAreOneProblem() {
    for (int i = 0; i < 7; i++) {
      proxy("p" + i, "old", LIFETIME);
    }
    assertThat(overview().problems())
        .singleElement()
        .satisfies(finding -> {
          assertThat(finding.about()).isEqualTo("7 proxies");
          assertThat(finding.message())
              .endsWith("shop/p0, shop/p1, shop/p2, shop/p3, shop/p4 and 2 more");
        });
  }

  @Test
  void listsAreCutAndCounted() {
    for (int i = 0; i < Overview.MAX_PROXIES + 1; i++) {
      proxy("p" + i, "new", LIFETIME);
    }
    for (int i = 0; i < Overview.MAX_PROBLEMS + 1; i++) {
      missing.add("thing " + i);
    }
    Overview overview = overview();
    assertThat(overview.proxies()).hasSize(Overview.MAX_PROXIES);
    assertThat(overview.proxyCount()).isEqualTo(Overview.MAX_PROXIES + 1);
    assertThat(overview.problems()).hasSize(Overview.MAX_PROBLEMS);
    assertThat(overview.problemCount()).isEqualTo(Overview.MAX_PROBLEMS + 1);
  }

  @Test
  void aSourceThatIsAwayIsAnErrorAndSoIsNoIssuer() {
    health = new SourceHealth(true, false, "connection refused", Instant.EPOCH, 1);
    issuer = false;
    missing.add("identity: no issuer that may issue now");
    proxy("a", "old", LIFETIME);
    assertThat(overview().problems())
        .extracting(finding -> finding.severity() + " " + finding.message())
        .startsWith(
            "error the objects cannot be read since 1970-01-01T00:00:00Z: connection refused;"
                + " the last state is served meanwhile",
            "error identity: no issuer that may issue now");
  }
}
