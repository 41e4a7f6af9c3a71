// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.TlsBinding;
import io.selvage.model.routing.TrustSpec;
import io.selvage.proxy.exchange.ConnectionInfo;
import io.selvage.proxy.http.HttpVersion;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The 421 rule. */
class ServedListenerTest {
  private static final ObjectRef ORIGIN = new ObjectRef("Host", "n", "h");

  private static TlsBinding binding(String name, HostPattern pattern, boolean clientAuth) {
    return new TlsBinding(
        name,
        ORIGIN,
        List.of(pattern),
        new KeyMaterial(name, "", ""),
        clientAuth
            ? Optional.of(new TlsBinding.ClientAuth(new TrustSpec("ca", "", ""), true))
            : Optional.empty(),
        List.of("h2", "http/1.1"),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of());
  }

  private static ServedListener listener(TlsBinding... bindings) {
    return new ServedListener(
        new ListenerSpec(
            "l",
            Optional.empty(),
            "127.0.0.1",
            0,
            false,
            ListenerSpec.TlsMode.REQUIRED,
            true,
            ListenerSpec.SecurityModel.XFP,
            0,
            "t",
            List.of(bindings),
            List.of(),
            100,
            "s"),
        null);
  }

  private static ConnectionInfo connection(HttpVersion version, @Nullable String binding) {
    var address = new InetSocketAddress("127.0.0.1", 1);
    return new ConnectionInfo(
        "l", "l", address, address, version, binding != null, null, null, binding, null);
  }

  private final TlsBinding a = binding("a", HostPattern.exact("a.example"), false);
  private final TlsBinding wild = binding("w", HostPattern.suffix(".example"), false);
  private final TlsBinding secret = binding("s", HostPattern.exact("s.example"), true);

  @Test
  void misdirectsASharedHttp2ConnectionToAnotherBinding() {
    ServedListener listener = listener(a, wild);
    ConnectionInfo shared = connection(HttpVersion.HTTP_2, "w");
    assertThat(listener.isMisdirected(shared, "a.example")).isTrue();
    assertThat(listener.isMisdirected(shared, "b.example")).isFalse();
    assertThat(listener.isMisdirected(shared, "other.org")).isTrue();
  }

  @Test
  void letsHttp1AloneUnlessSomeBindingAsksForCertificates() {
    ConnectionInfo http1 = connection(HttpVersion.HTTP_1_1, "w");
    assertThat(listener(a, wild).isMisdirected(http1, "a.example")).isFalse();
    assertThat(listener(secret, wild).isMisdirected(http1, "s.example")).isTrue();
    assertThat(listener(secret, wild).isMisdirected(http1, "b.example")).isFalse();
  }

  @Test
  void neverMisdirectsPlaintext() {
    ConnectionInfo plain = connection(HttpVersion.HTTP_2, null);
    assertThat(listener(a).isMisdirected(plain, "a.example")).isFalse();
  }
}
