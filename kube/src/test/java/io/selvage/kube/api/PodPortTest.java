// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodListBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The way to a pod, against an imitation of an API server with no pods behind it. */
class PodPortTest {
  private static final Map<String, String> LABELS = Map.of("app", "x");
  private static final String PODS = "/api/v1/namespaces/selvage/pods";

  private KubernetesMockServer mock;
  private ApiServer api;

  @BeforeEach
  void start() {
    mock = new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), false);
    mock.start();
    Config config = new ConfigBuilder(Config.empty()).withMasterUrl(mock.url("/")).build();
    api = ApiServer.connect(config, ApiServerOptions.DEFAULT);
  }

  @AfterEach
  void stop() {
    api.close();
    MockServers.destroy(mock);
  }

  private static Pod pod(String name, String created, boolean ready) {
    return pod("selvage", "control-plane", name, created, ready);
  }

  private static Pod pod(
      String namespace, String account, String name, String created, boolean ready) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(namespace)
        .withCreationTimestamp(created)
        .endMetadata()
        .withNewSpec()
        .withServiceAccountName(account)
        .endSpec()
        .withNewStatus()
        .withPhase("Running")
        .addNewCondition()
        .withType("Ready")
        .withStatus(ready ? "True" : "False")
        .endCondition()
        .endStatus()
        .build();
  }

  private void pods(Pod... pods) {
    mock.expect()
        .get()
        .withPath(PODS + "?labelSelector=app%3Dx")
        .andReturn(200, new PodListBuilder().withItems(Arrays.asList(pods)).build())
        .always();
  }

  private void permitted(boolean allowed) {
    mock.expect()
        .post()
        .withPath("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
        .andReturn(
            201,
            new SelfSubjectAccessReviewBuilder()
                .withNewStatus()
                .withAllowed(allowed)
                .endStatus()
                .build())
        .always();
  }

  private PodPort open() throws IOException {
    return PodPort.open(api, "selvage", "control-plane", LABELS, 8085, 0);
  }

  /** Channel 0 carries data, channel 1 errors; each begins with the port. */
  private static String frame(int channel, byte... bytes) {
    return (char) channel + new String(bytes, StandardCharsets.ISO_8859_1);
  }

  @Test
  void bytesComeFromTheYoungestReadyPod() throws Exception {
    pods(
        pod("old", "2026-01-01T00:00:00Z", true),
        pod("young", "2026-01-02T00:00:00Z", true),
        pod("selvage", "default", "impostor", "2026-01-04T00:00:00Z", true),
        pod("starting", "2026-01-03T00:00:00Z", false));
    permitted(true);
    byte[] port = {0x15, 0x1f};
    mock.expect()
        .withPath(PODS + "/young/portforward?ports=8085")
        .andUpgradeToWebSocket()
        .open()
        .waitFor(10)
        .andEmit(frame(0, port))
        .waitFor(10)
        .andEmit(frame(1, port))
        .waitFor(10)
        .andEmit(frame(0, "hello".getBytes(StandardCharsets.US_ASCII)))
        .done()
        .always();
    try (PodPort way = open();
        var socket = new Socket(InetAddress.getLoopbackAddress(), way.localPort())) {
      assertThat(way.pod()).isEqualTo("selvage/young");
      socket.setSoTimeout(20_000);
      assertThat(new String(socket.getInputStream().readNBytes(5), StandardCharsets.US_ASCII))
          .isEqualTo("hello");
    }
  }

  @Test
  void whoMayNotIsToldWhatItTakes() {
    mock.expect().get().withPath(PODS + "?labelSelector=app%3Dx").andReturn(403, "").once();
    assertThatThrownBy(this::open)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("may not list pods in the namespace selvage")
        .hasMessageContaining("get and create on pods/portforward");
    pods(pod("p", "2026-01-01T00:00:00Z", true));
    permitted(false);
    assertThatThrownBy(this::open)
        .hasMessageContaining("may not create pods/portforward in the namespace selvage");
  }

  @Test
  void aMissingControlPlaneIsCalledMissing() {
    pods();
    assertThatThrownBy(this::open)
        .hasMessageContaining("no pod labelled app=x in the namespace selvage");
  }

  /** Whoever may label pods is not whoever may run them as the control plane. */
  @Test
  void aLabelAloneIsNotBelieved() {
    pods(
        pod("selvage", "default", "impostor", "2026-01-01T00:00:00Z", true),
        pod("other", "control-plane", "stranger", "2026-01-01T00:00:00Z", true));
    permitted(true);
    assertThatThrownBy(this::open)
        .isInstanceOf(IOException.class)
        .hasMessage(
            "no pod labelled app=x in the namespace selvage runs as the ServiceAccount"
                + " control-plane, so none of them is believed: impostor, stranger");
  }

  @Test
  void oneThatIsNotReadyIsCalledSo() {
    pods(pod("p", "2026-01-01T00:00:00Z", false));
    assertThatThrownBy(this::open).hasMessageContaining("none of the 1 pods");
  }

  @Test
  void anApiServerThatIsAwayIsNamed() {
    mock.shutdown();
    assertThatThrownBy(this::open)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot be asked");
  }
}
