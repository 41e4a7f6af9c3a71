// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.injector.config.ProxyConfig.InvalidConfigException;
import io.selvage.injector.patch.MutatorSettings;
import io.selvage.injector.pod.MeshNames;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyConfigTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "inbound-port | 1 | -",
        "inbound-port | 65535 | -",
        "inbound-port | 0 | not a port",
        "inbound-port | 65536 | not a port",
        "inbound-port | +80 | not a port",
        "inbound-port | 99999999999 | not a port",
        "skip-inbound-ports | 25,4000-4100 | -",
        "skip-inbound-ports | 25,x | \"x\" is neither a port nor a range",
        "skip-outbound-ports | 2-1 | 2-1 is no range of ports",
        "opaque-ports | 3306 | -",
        "skip-subnets | 10.0.0.0/8, fd00::/8,1.2.3.4 | -",
        "skip-subnets | 10.0.0.0/33 | \"10.0.0.0/33\" is not ADDRESS/BITS",
        "skip-subnets | example.com | \"example.com\" is not ADDRESS/BITS",
        "default-inbound-policy | cluster-authenticated | -",
        "proxy-cpu-request | 100m | -",
        "proxy-cpu-request | 0.5 | -",
        "proxy-cpu-request | -1 | not a quantity such as 100m, 0.5 or 64Mi",
        "proxy-memory-limit | 96Mi | -",
        "proxy-memory-limit | 64MB | not a quantity such as 100m, 0.5 or 64Mi",
        "proxy-memory-limit | 64K | not a quantity such as 100m, 0.5 or 64Mi",
        "proxy-log-level | debug | -",
        "proxy-log-level | warn,linkerd=info | none of error, warn, info, debug, trace",
        "proxy-outbound-connect-timeout | 1000ms | -",
        "proxy-inbound-connect-timeout | 1 | not a time such as 250ms, 5s or 2m",
        "proxy-enable-native-sidecar | false | -",
        "proxy-enable-native-sidecar | no | neither true nor false",
        "proxy-admin-shutdown | enabled | -",
        "proxy-admin-shutdown | true | neither enabled nor disabled",
        "proxy-wait-before-exit-seconds | 3600 | -",
        "proxy-wait-before-exit-seconds | 3601 | not a number of seconds, 0..3600",
        "shutdown-grace-period | 2m | -"
      })
  void everyOptionIsChecked(String option, String value, String problem) throws Exception {
    Map<String, String> annotations = Map.of(MeshNames.CONFIG + option, value);

    if (problem == null) {
      ProxyConfig config = read(annotations, Map.of(), false);
      assertThat(config.get(ConfigOption.find(option).orElseThrow())).contains(value);
    } else {
      assertThatThrownBy(() -> read(annotations, Map.of(), false))
          .isInstanceOf(InvalidConfigException.class)
          .hasMessage("pod annotation config.selvage.io/%s: \"%s\" is %s", option, value, problem);
    }
  }

  private static ProxyConfig read(
      Map<String, String> pod, Map<String, String> namespace, boolean acceptLinkerd)
      throws InvalidConfigException {
    return ProxyConfig.read(pod, namespace, acceptLinkerd, MutatorSettings.DEFAULT_RESOURCES);
  }

  /** 50m, 75Mi and 250Mi by default: what was chosen alone must still make a pod that starts. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "memory-request | 250Mi | memory-limit | -",
        "memory-request | 251Mi | memory-limit | 251Mi",
        "memory-limit | 96Mi | memory-request | -",
        "cpu-request | 4 | cpu-limit | -",
        "cpu-limit | 50m | cpu-request | -"
      })
  void whatWasChosenWinsOverADefaultOnTheOtherSide(
      String option, String value, String other, String instead) throws Exception {
    for (String domain : new String[] {"config.selvage.io/proxy-", "config.linkerd.io/proxy-"}) {
      ProxyConfig config = read(Map.of(domain + option, value), Map.of(), true);
      assertThat(config.get(ConfigOption.find("proxy-" + option).orElseThrow())).contains(value);
      assertThat(config.get(ConfigOption.find("proxy-" + other).orElseThrow()))
          .isEqualTo(Optional.ofNullable(instead));
      if (instead == null) {
        assertThat(config.warnings()).isEmpty();
      } else {
        assertThat(config.warnings())
            .singleElement()
            .asString()
            .contains("pod annotation " + domain + option, "proxy-" + other, "250Mi");
        assertThat(config.annotations()).containsEntry("config.selvage.io/proxy-" + other, instead);
      }
    }
  }

  @Test
  void anOperatorsRequestGivesWayToALimitThatWasChosen() throws Exception {
    ProxyConfig config =
        ProxyConfig.read(
            Map.of("config.selvage.io/proxy-memory-limit", "128Mi"),
            Map.of(),
            false,
            Map.of(ConfigOption.PROXY_MEMORY_REQUEST, "200Mi"));
    assertThat(config.get(ConfigOption.PROXY_MEMORY_REQUEST)).contains("128Mi");
    assertThat(config.warnings()).singleElement().asString().contains("proxy-memory-limit");
  }

  /** Limits made for a proxy of another kind must not make a pod that never starts. */
  @ParameterizedTest
  @CsvSource({"memory-limit, 100663295, 96Mi", "memory-limit, 20Mi, 96Mi", "cpu-limit, 49m, 50m"})
  void aLimitBelowWhatASidecarRunsWithIsRefusedOrRaised(String option, String value, String least)
      throws Exception {
    assertThatThrownBy(
            () -> read(Map.of(), Map.of("config.selvage.io/proxy-" + option, value), true))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessage(
            "namespace annotation config.selvage.io/proxy-%s: \"%s\" is below %s, with which a"
                + " sidecar does not run",
            option, value, least);

    ProxyConfig config = read(Map.of("config.linkerd.io/proxy-" + option, value), Map.of(), true);
    assertThat(config.get(ConfigOption.find("proxy-" + option).orElseThrow())).contains(least);
    assertThat(config.warnings())
        .singleElement()
        .asString()
        .contains("pod annotation config.linkerd.io/proxy-" + option, value, least);
  }

  @Test
  void listsEndAtTheirLimit() {
    assertThat(Values.ports(list(Values.MAX_PORT_ENTRIES))).isEmpty();
    assertThat(Values.ports(list(Values.MAX_PORT_ENTRIES + 1))).contains("more than 500 entries");
    String subnets = "10.0.0.0/8,".repeat(Values.MAX_SUBNETS);
    assertThat(Values.subnets(subnets)).isEmpty();
    assertThat(Values.subnets(subnets + "10.0.0.0/8")).contains("more than 100 entries");
    String blanks = " ".repeat(Values.MAX_CHARS);
    assertThat(ConfigOption.OPAQUE_PORTS.problem(blanks)).isEmpty();
    assertThat(ConfigOption.OPAQUE_PORTS.problem(blanks + " ")).isPresent();
  }

  @Test
  void thePodWinsOverItsNamespaceAndWeOverLinkerd() throws Exception {
    ProxyConfig config =
        read(
            Map.of(
                "config.selvage.io/proxy-log-level", "debug",
                "config.linkerd.io/proxy-log-level", "error",
                "config.linkerd.io/skip-outbound-ports", "25"),
            Map.of(
                "config.selvage.io/proxy-log-level", "warn",
                "config.selvage.io/skip-outbound-ports", "26",
                "config.selvage.io/skip-inbound-ports", "27",
                "config.linkerd.io/inbound-port", "5143"),
            true);

    assertThat(config.get(ConfigOption.PROXY_LOG_LEVEL)).contains("debug");
    assertThat(config.get(ConfigOption.SKIP_OUTBOUND_PORTS)).contains("25");
    assertThat(config.get(ConfigOption.SKIP_INBOUND_PORTS)).contains("27");
    assertThat(config.number(ConfigOption.INBOUND_PORT, 4143)).isEqualTo(5143);
    assertThat(config.annotations())
        .isEqualTo(
            Map.of(
                "config.selvage.io/skip-outbound-ports", "25",
                "config.selvage.io/skip-inbound-ports", "27",
                "config.selvage.io/inbound-port", "5143"));
  }

  @Test
  void whatTheMeshChoosesHoldsWhereNobodyElseHasChosen() throws Exception {
    Map<ConfigOption, String> mesh =
        Map.of(
            ConfigOption.PROXY_LOG_LEVEL, "warn",
            ConfigOption.PROXY_MEMORY_REQUEST, "75Mi",
            ConfigOption.PROXY_MEMORY_LIMIT, "250Mi",
            ConfigOption.SKIP_INBOUND_PORTS, "25",
            ConfigOption.SKIP_OUTBOUND_PORTS, "26");
    ProxyConfig config =
        ProxyConfig.read(
                Map.of("config.selvage.io/proxy-log-level", "debug"),
                Map.of("config.selvage.io/skip-outbound-ports", "27"),
                false,
                mesh)
            .over(mesh);
    assertThat(config.get(ConfigOption.PROXY_LOG_LEVEL)).contains("debug");
    assertThat(config.get(ConfigOption.PROXY_MEMORY_LIMIT)).contains("250Mi");
    assertThat(config.get(ConfigOption.SKIP_INBOUND_PORTS)).contains("25");
    assertThat(config.get(ConfigOption.SKIP_OUTBOUND_PORTS)).contains("27");
    // The control plane must know which ports pass by the sidecar.
    assertThat(config.annotations())
        .isEqualTo(
            Map.of(
                "config.selvage.io/skip-inbound-ports", "25",
                "config.selvage.io/skip-outbound-ports", "27"));
  }

  @Test
  void whatTheControlPlaneGoesOnReadingIsNotFrozen() throws Exception {
    Map<String, String> live =
        Map.of(
            "config.selvage.io/default-inbound-policy", "deny",
            "config.selvage.io/opaque-ports", "25");

    assertThat(read(Map.of(), live, false).annotations()).isEmpty();
    // What the pod says under another name is said again under ours, which is the one that is read.
    assertThat(read(Map.of("config.linkerd.io/opaque-ports", "25"), Map.of(), true).annotations())
        .isEqualTo(Map.of("config.selvage.io/opaque-ports", "25"));
  }

  @Test
  void whatIsTheOperatorsOrUnknownIsAWarning() throws Exception {
    ProxyConfig config =
        read(
            Map.of(
                "config.selvage.io/proxy-image", "evil",
                "config.selvage.io/proxy-uid", "0",
                "config.selvage.io/skip-inbund-ports", "25",
                "config.linkerd.io/proxy-image", "other",
                "config.linkerd.io/proxy-log-level", "warn,linkerd=info"),
            Map.of(),
            true);

    assertThat(config.values()).isEmpty();
    assertThat(config.warnings())
        .containsExactly(
            "pod annotation config.selvage.io/proxy-image is the operator's to choose; ignored",
            "pod annotation config.selvage.io/proxy-uid is the operator's to choose; ignored",
            "pod annotation config.selvage.io/skip-inbund-ports is unknown; ignored",
            "pod annotation config.linkerd.io/proxy-log-level means nothing here:"
                + " \"warn,linkerd=info\" is none of error, warn, info, debug, trace; ignored");
  }

  @Test
  void aRequestAboveItsLimitAndAPortTakenTwiceAreRefused() {
    assertThatThrownBy(() ->
            read(
                Map.of("config.selvage.io/proxy-memory-request", "1Gi"),
                Map.of("config.selvage.io/proxy-memory-limit", "1000Mi"),
                false))
        .hasMessageContaining("proxy-memory-request")
        .hasMessageContaining("above the limit 1000Mi");
    assertThatThrownBy(
            () -> read(Map.of("config.selvage.io/inbound-port", "4191"), Map.of(), false))
        .hasMessageContaining("config.selvage.io/inbound-port");
    assertThatThrownBy(
            () -> read(Map.of("config.selvage.io/inbound-port", "x\r\nevil"), Map.of(), false))
        .hasMessageContaining("\"x??evil\"");
  }

  private static String list(int entries) {
    return IntStream.rangeClosed(1, entries)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(","));
  }
}
