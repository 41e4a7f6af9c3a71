// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.init;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.sidecar.init.Commands.CommandFailed;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyInitTest {
  private final FakeKernel kernel = new FakeKernel();
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void writesAndReadsBackBothFamilies() {
    assertThat(run()).isZero();
    assertThat(kernel.ran)
        .containsExactly(
            "iptables-nft-save",
            "ip6tables-nft-save",
            "iptables-nft-restore",
            "iptables-nft-save",
            "ip6tables-nft-restore",
            "ip6tables-nft-save");
    assertThat(out.toString()).contains("4143").contains("4140").contains("IPv4 and IPv6");
    assertThat(err.toString()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "legacy,iptables-legacy-restore",
    "plain,iptables-restore",
    "nft,iptables-nft-restore"
  })
  void runsTheProgramsOfTheMode(String mode, String program) {
    assertThat(run("--mode=" + mode, "--ipv6=off")).isZero();
    assertThat(kernel.ran).contains(program).noneMatch(it -> it.startsWith("ip6"));
  }

  @Test
  void bringsIpv4BackWhenIpv6Fails() {
    kernel.tables.put("iptables", "*nat\n-A PREROUTING -j OTHER\nCOMMIT\n");
    kernel.failing = "ip6tables-nft-restore";
    assertThat(run()).isEqualTo(1);
    assertThat(err.toString())
        .isEqualTo("mesh proxy-init: ip6tables-nft-restore ended with status 1: no such table\n");
    assertThat(kernel.restored.getLast())
        .contains("-D PREROUTING -m comment --comment selvage/inbound -j SELVAGE_INBOUND")
        .contains("-X SELVAGE_INBOUND")
        .doesNotContain("OTHER");
  }

  @Test
  void bringsBackTheRulesOfTheRunBefore() {
    assertThat(run("--inbound-port=5143")).isZero();
    kernel.failing = "ip6tables-nft-restore";
    assertThat(run("--inbound-port=6143")).isEqualTo(1);
    assertThat(kernel.restored.getLast())
        .contains("-j REDIRECT --to-ports 5143")
        .doesNotContain("6143")
        .doesNotContain("-X");
  }

  @Test
  void saysWhenTheRulesAreNotThereAfterwards() {
    kernel.forgetting = true;
    assertThat(run("--ipv6=off")).isEqualTo(1);
    assertThat(err.toString())
        .startsWith(
            "mesh proxy-init: iptables-nft-restore took the rules, but chain SELVAGE_INBOUND");
  }

  @Test
  void changesNothingOnADryRun() {
    assertThat(run("--dry-run", "--skip-inbound-ports=25")).isZero();
    assertThat(kernel.ran).isEmpty();
    assertThat(out.toString())
        .startsWith("# iptables-nft-restore --noflush --wait 10\n*nat\n")
        .contains("# ip6tables-nft-restore")
        .contains("--dports 4191,25");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--inbound-port=0|--inbound-port 0 is no port",
        "--inbound-port=65536|--inbound-port 65536 is no port",
        "--admin-port=x|--admin-port: \"x\" is no number",
        "--inbound-port=4140|inbound, outbound and admin port must differ: 4140, 4140, 4191",
        "--proxy-uid=0|--proxy-uid 0 would exempt everything root runs",
        "--proxy-uid=-1|--proxy-uid -1 is negative",
        "--skip-inbound-ports=80,x|--skip-inbound-ports: \"x\" is neither a port nor a range",
        "--skip-outbound-ports=9-2|--skip-outbound-ports: 9-2 is no range of ports",
        "--skip-subnets=10.0.0.0/33|--skip-subnets: \"10.0.0.0/33\" is no subnet such as 10.0.0.0/8"
            + " or fd00::/8",
        "--skip-subnets=example.com|--skip-subnets: \"example.com\" is no subnet such as 10.0.0.0/8"
            + " or fd00::/8",
        "--mode=ipset|--mode: \"ipset\" is none of nft, legacy, plain",
        "--ipv6=maybe|--ipv6: \"maybe\" is none of auto, on, off",
        "--nope=1|unknown option --nope",
        "--mode|--mode is unknown or needs a value",
        "nft|\"nft\" is not expected",
      })
  void refusesWhatItDoesNotUnderstand(String arg, String message) {
    assertThat(run(arg)).isEqualTo(2);
    assertThat(err.toString()).startsWith("mesh proxy-init: " + message + "\n");
    assertThat(kernel.ran).isEmpty();
  }

  @Test
  void takesAsManyEntriesAsTheLimitAndNoMore() {
    String full = ports(ProxyInitOptions.MAX_PORT_ENTRIES);
    assertThat(run("--dry-run", "--skip-inbound-ports=" + full)).isZero();
    assertThat(run("--dry-run", "--skip-inbound-ports=" + full + ",501")).isEqualTo(2);
    assertThat(err.toString()).contains("--skip-inbound-ports has 501 entries, more than 500");
    assertThat(run("--dry-run", "--skip-subnets=" + subnets(100))).isZero();
    assertThat(run("--dry-run", "--skip-subnets=" + subnets(101))).isEqualTo(2);
    assertThat(err.toString()).contains("--skip-subnets has 101 entries, more than 100");
  }

  @Test
  void namesAProgramThatIsMissingFailsOrHangs() {
    var commands = new SystemCommands(Duration.ofMillis(300));
    assertThat(failure(commands, "selvage-no-such-program"))
        .startsWith("selvage-no-such-program cannot be run: ");
    assertThat(failure(commands, "sh", "-c", "echo one >&2; echo two >&2; exit 3"))
        .endsWith(" ended with status 3: one; two");
    assertThat(failure(commands, "sh", "-c", "exit 4"))
        .endsWith(" ended with status 4: it said nothing");
    assertThat(failure(commands, "sleep", "60")).startsWith("sleep 60 did not end within");
  }

  private static String failure(Commands commands, String... command) {
    try {
      commands.run(List.of(command), "");
    } catch (CommandFailed e) {
      return String.valueOf(e.getMessage());
    }
    return "it did not fail";
  }

  private static String ports(int count) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(","));
  }

  private static String subnets(int count) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(i -> "10." + i + ".0.0/16")
        .collect(Collectors.joining(","));
  }

  private int run(String... args) {
    return ProxyInitMain.run(
        new ProxyInit(kernel, true), new PrintWriter(out, true), new PrintWriter(err, true), args);
  }

  /** Keeps what it was told to append, as iptables-save would print it. */
  private static final class FakeKernel implements Commands {
    final Map<String, String> tables = new HashMap<>();
    final List<String> ran = new ArrayList<>();
    final List<String> restored = new ArrayList<>();
    String failing = "";
    boolean forgetting;

    @Override
    public String run(List<String> command, String input) throws CommandFailed {
      String program = command.getFirst();
      ran.add(program);
      if (program.equals(failing)) {
        throw new CommandFailed(program + " ended with status 1: no such table");
      }
      String family = program.substring(0, program.indexOf('-'));
      if (program.endsWith("-save")) {
        return tables.getOrDefault(family, "*nat\nCOMMIT\n");
      }
      restored.add(input);
      if (!forgetting) {
        tables.put(family, input.replaceAll("(?m)^-D .*\\n", ""));
      }
      return "";
    }
  }
}
