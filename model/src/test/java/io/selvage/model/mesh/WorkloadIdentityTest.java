// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WorkloadIdentityTest {
  @Test
  void readsWhatItWrites() {
    var identity = new WorkloadIdentity("cluster_1.local", "team-a", "web.v2");
    assertThat(identity.uri()).isEqualTo("spiffe://cluster_1.local/ns/team-a/sa/web.v2");
    assertThat(WorkloadIdentity.parse(identity.uri())).contains(identity);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "spiffe://",
        "https://cluster.local/ns/a/sa/b",
        "spiffe:///ns/a/sa/b",
        "spiffe://cluster.local/ns//sa/b",
        "spiffe://cluster.local/ns/a/sa/",
        "spiffe://cluster.local/ns/a/sa/b/",
        "spiffe://cluster.local/ns/a/sa/b/c",
        "spiffe://cluster.local/sa/b/ns/a",
        "spiffe://cluster.local/ns/a",
        "spiffe://Cluster.local/ns/a/sa/b",
        "spiffe://cluster.local:1/ns/a/sa/b",
        "spiffe://cluster.local/ns/-a/sa/b",
        "spiffe://cluster.local/ns/a-/sa/b",
        "spiffe://cluster.local/ns/a.b/sa/b",
        "spiffe://cluster.local/ns/a/sa/b..c",
        "spiffe://cluster.local/ns/a/sa/.b",
        "spiffe://cluster.local/ns/a/sa/b.",
        "spiffe://cluster.local/ns/a/sa/b-.c",
        "spiffe://cluster.local/ns/a/sa/b c",
        "spiffe://cluster.local/ns/a/sa/\u0430"
      })
  void readsNothingElse(String uri) {
    assertThat(WorkloadIdentity.parse(uri)).isEmpty();
  }

  @Test
  void takesPartsOfTheirLongestAndNoLonger() {
    assertThat(new WorkloadIdentity("d".repeat(255), "n".repeat(63), "s".repeat(253))).isNotNull();
    assertThatThrownBy(() -> new WorkloadIdentity("d".repeat(256), "n", "s"))
        .hasMessageStartingWith("not a trust domain");
    assertThatThrownBy(() -> new WorkloadIdentity("d", "n".repeat(64), "s"))
        .hasMessageStartingWith("not a namespace");
    assertThatThrownBy(() -> new WorkloadIdentity("d", "n", "s".repeat(254)))
        .hasMessageStartingWith("not a service account");
  }

  @Test
  void showsNothingUnprintable() {
    assertThatThrownBy(() -> new WorkloadIdentity("d", "a\n\u001b~", "s"))
        .hasMessage("not a namespace: \"a??~\"");
  }
}
