// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit.netns;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** A network namespace with addresses and programs of its own. */
public final class NetworkPod {
  private static final Duration END_LIMIT = Duration.ofSeconds(20);

  private final NetworkPods pods;
  private final String name;
  private final String namespace;
  private final String address;
  private final String address6;
  private final String link;
  private final List<Running> running = new CopyOnWriteArrayList<>();
  private volatile boolean removed;

  NetworkPod(
      NetworkPods pods,
      String name,
      String namespace,
      String address,
      String address6,
      String link) {
    this.pods = pods;
    this.name = name;
    this.namespace = namespace;
    this.address = address;
    this.address6 = address6;
    this.link = link;
  }

  public String name() {
    return name;
  }

  /** Its IPv4 address. */
  public String address() {
    return address;
  }

  /** Its IPv6 address. */
  public String address6() {
    return address6;
  }

  /** Name of the namespace, as {@code ip netns} knows it. */
  public String namespace() {
    return namespace;
  }

  /** Runs a program inside to its end, as root. */
  public Ran run(String... command) {
    return Ran.of(inside(0, List.of(command)), "");
  }

  /** Runs a program inside to its end, as root. */
  public Ran run(List<String> command) {
    return Ran.of(inside(0, command), "");
  }

  /**
   * Runs a program inside that must succeed.
   *
   * @return what it printed
   */
  public String must(String... command) {
    return Ran.must(inside(0, List.of(command)).toArray(String[]::new));
  }

  /** Starts a program inside, as root. */
  public Running start(String program, String... command) {
    return start(program, 0, Map.of(), List.of(command));
  }

  /**
   * Starts a program inside. It is ended with the pod at the latest.
   *
   * @param program what to call it; its output goes to a file of this name
   * @param uid the user and group it runs as; it may still read every file, wherever the tests were
   *     checked out
   */
  public Running start(
      String program, int uid, Map<String, String> environment, List<String> command) {
    if (removed) {
      throw new IllegalStateException("pod " + name + " is removed");
    }
    Path log = pods.dir().resolve(name + "-" + program + ".log");
    var builder =
        new ProcessBuilder(inside(uid, command))
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    try {
      var started = new Running(program + " in " + name, builder.start(), log);
      running.add(started);
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Records what passes between this pod and all others, until it is stopped. */
  public Capture capture() {
    Path file = pods.dir().resolve(name + "-" + System.nanoTime() + ".pcap");
    Running tcpdump =
        pods.node()
            .start(
                file.getFileName().toString(),
                "tcpdump",
                "-i",
                link,
                "-s",
                "0",
                "-U",
                "-w",
                file.toString(),
                "-Z",
                "root",
                "tcp");
    tcpdump.awaitLog(END_LIMIT, text -> text.contains("listening on"));
    return new Capture(this, pods.node(), tcpdump, file);
  }

  /** Ends everything inside and removes the namespace, as the deletion of a pod does. */
  public void remove() {
    if (removed) {
      return;
    }
    removed = true;
    for (Running each : running.reversed()) {
      if (each.isAlive()) {
        each.kill();
      }
    }
    pods.delete(this);
  }

  String link() {
    return link;
  }

  private List<String> inside(int uid, List<String> command) {
    var words = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    if (uid != 0) {
      words.addAll(
          List.of(
              "setpriv",
              "--reuid=" + uid,
              "--regid=" + uid,
              "--clear-groups",
              "--inh-caps=+dac_override",
              "--ambient-caps=+dac_override"));
    }
    words.addAll(command);
    return words;
  }
}
