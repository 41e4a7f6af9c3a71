// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.controlplane.link.ConnectedProxy;
import io.selvage.controlplane.link.ReplicaHub;
import io.selvage.controlplane.link.RpcException;
import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.controlplane.link.TrafficSink;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ReplicaMessage;
import io.selvage.model.mesh.ReplicaRequest;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.WorkloadIdentity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HeardReplicasTest {
  private static final WorkloadIdentity SELF =
      new WorkloadIdentity("cluster.local", "selvage", "control-plane");

  private final List<ConnectedProxy> reported = new ArrayList<>();
  private final List<ConnectedProxy> gone = new ArrayList<>();
  private long nanos = 17;
  private final List<ReplicaRequest> asked = new ArrayList<>();
  private final List<String> ends = new ArrayList<>();
  private final HeardReplicas heard =
      new HeardReplicas(
          "a-1",
          SELF,
          new TrafficSink() {
            @Override
            public void report(ConnectedProxy from, TrafficReport report) {
              reported.add(from);
            }

            @Override
            public void gone(ConnectedProxy proxy) {
              gone.add(proxy);
            }
          },
          () -> nanos);

  private ReplicaHub.Telling begin() {
    return heard.begin(
        SELF,
        new ReplicaHub.Asking() {
          @Override
          public void ask(ReplicaRequest request) {
            asked.add(request);
          }

          @Override
          public void end(String why) {
            ends.add(why);
          }
        });
  }

  private ReplicaHub.Telling greeted(String instance, String pod) {
    ReplicaHub.Telling telling = begin();
    telling.onMessage(new ReplicaMessage.Hello(MeshProtocol.VERSION, instance, pod));
    return telling;
  }

  private static ReplicaMessage.Proxy proxy(long session) {
    return new ReplicaMessage.Proxy(
        session,
        new WorkloadIdentity("cluster.local", "shop", "web"),
        new PodRef("shop", "web-" + session),
        true,
        ProxyKind.SIDECAR,
        "10.0.0.1",
        "test",
        "",
        0,
        0);
  }

  private static ReplicaMessage.Report report(long session) {
    return new ReplicaMessage.Report(session, new TrafficReport(1, 1_000, List.of(), List.of()));
  }

  @Test
  void oneProxyTooManyIsIgnoredAndTheOthersStay() {
    ReplicaHub.Telling telling = greeted("b-1", "b");
    for (long session = 1; session <= HeardReplicas.MAX_PROXIES; session++) {
      telling.onMessage(proxy(session));
    }
    assertThat(heard.proxies()).hasSize(HeardReplicas.MAX_PROXIES);
    assertThat(heard.ignored()).isZero();

    long oneMore = HeardReplicas.MAX_PROXIES + 1L;
    telling.onMessage(proxy(oneMore));
    telling.onMessage(report(oneMore));
    telling.onMessage(report(1));
    assertThat(heard.proxies()).hasSize(HeardReplicas.MAX_PROXIES);
    assertThat(heard.ignored()).isEqualTo(1);
    assertThat(reported).extracting(one -> one.pod().name()).containsExactly("web-1");

    telling.onMessage(new ReplicaMessage.Gone(1));
    telling.onMessage(proxy(oneMore));
    assertThat(heard.proxies()).hasSize(HeardReplicas.MAX_PROXIES);
    assertThat(heard.ignored()).isEqualTo(1);
    assertThat(ends).isEmpty();
  }

  /** Numbers of two replicas must not meet each other's, nor those of a stream before. */
  @Test
  void everySessionHasANumberOfItsOwn() {
    ReplicaHub.Telling b = greeted("b-1", "b");
    ReplicaHub.Telling c = greeted("c-1", "c");
    b.onMessage(proxy(1));
    c.onMessage(proxy(1));
    Set<Long> first = sessions();
    assertThat(first).hasSize(2).allMatch(session -> session > HeardReplicas.FIRST_SESSION);

    ReplicaHub.Telling again = greeted("b-1", "b");
    assertThat(ends).containsExactly("a newer stream of this replica took the place of this one");
    again.onMessage(proxy(1));
    b.onClosed();
    assertThat(gone).hasSize(1);
    assertThat(heard.pods()).containsExactlyInAnyOrder("b", "c");
    assertThat(sessions()).hasSize(2);
    b.onMessage(report(1));
    assertThat(reported).as("told on a stream that has ended").isEmpty();
    again.onMessage(report(1));
    assertThat(reported).hasSize(1);
    assertThat(first).doesNotContain(reported.getFirst().session());
  }

  private Set<Long> sessions() {
    var all = new HashSet<Long>();
    heard.proxies().forEach(one -> all.add(one.session()));
    return all;
  }

  @Test
  void onlyThoseAreAskedWhoseProxiesAreWanted() {
    greeted("b-1", "b").onMessage(proxy(7));
    greeted("c-1", "c").onMessage(proxy(8));
    var seventh =
        heard.proxies().stream().filter(one -> one.pod().name().equals("web-7")).findFirst();
    var tap = new ControlMessage.Tap(1, 10, "", "", "", "", false);
    heard.tap(Set.of(seventh.orElseThrow().session(), 5L), tap);
    assertThat(asked).containsExactly(new ReplicaRequest(List.of(7L), tap));
  }

  /** Otherwise two replicas would answer differently, and nobody knew which is right. */
  @Test
  void whoCouldNotPassEverythingOnIsNamedForAsLongAsItMatters() {
    ReplicaHub.Telling b = greeted("b-1", "b");
    b.onMessage(new ReplicaMessage.Dropped(0));
    assertThat(heard.incomplete()).isEmpty();
    b.onMessage(new ReplicaMessage.Dropped(3));
    assertThat(heard.incomplete()).containsExactly("b");
    b.onClosed();
    nanos += Duration.ofMinutes(10).toNanos();
    assertThat(heard.incomplete()).containsExactly("b");
    nanos++;
    assertThat(heard.incomplete()).isEmpty();
  }

  @Test
  void aVersionThatIsTooOldIsRefused() {
    ReplicaHub.Telling telling = begin();
    assertThatThrownBy(() -> telling.onMessage(new ReplicaMessage.Hello(0, "b-1", "b")))
        .isInstanceOfSatisfying(
            RpcException.class, e -> assertThat(e.status()).isEqualTo(Status.FAILED_PRECONDITION));
    assertThat(heard.size()).isZero();
    telling.onClosed();
    greeted("b-1", "b");
    assertThat(heard.size()).isEqualTo(1);
  }
}
