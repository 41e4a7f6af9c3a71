// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit.netns;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Pods as network namespaces. Each has an {@code eth0} with an IPv4 and an IPv6 address whose other
 * end is in a namespace that stands for the node; the node routes between them and, as kube-proxy
 * does, rewrites Service addresses. Nothing is changed in the namespace of the tests themselves, so
 * any number of these live side by side; tests look inside by running programs there.
 *
 * <p>Needs root, {@code ip}, {@code iptables} and {@code setpriv}: see {@link #unavailable()}.
 * Namespaces carry the id and start of the process that made them; those of a process that is gone
 * are removed before new ones are made.
 */
public final class NetworkPods implements AutoCloseable {
  /** The node, where the control plane runs. */
  public static final String NODE_ADDRESS = "10.77.0.1";

  public static final String NODE_ADDRESS6 = "fd77::1";

  private static final Path NAMESPACES = Path.of("/run/netns");
  private static final Pattern NAME = Pattern.compile("selvage-(\\d+)-([0-9a-z]+)-[0-9a-f]+-.+");
  private static final int MAX_PODS = 200;

  private final Path dir;
  private final String prefix;
  private final NetworkPod node;
  private final Map<String, NetworkPod> pods = new LinkedHashMap<>();
  private final Thread atExit = new Thread(this::removeAll, "network-pods-at-exit");
  private final Set<String> services = new HashSet<>();
  private int made;

  private NetworkPods(Path dir) {
    this.dir = dir;
    byte[] suffix = new byte[2];
    ThreadLocalRandom.current().nextBytes(suffix);
    this.prefix = "selvage-" + own() + "-" + HexFormat.of().formatHex(suffix) + "-";
    this.node = new NetworkPod(this, "node", prefix + "node", NODE_ADDRESS, NODE_ADDRESS6, "lo");
  }

  /** Why no pods can be made; empty if they can. */
  public static Optional<String> unavailable() {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return Optional.of("network namespaces need Linux");
    }
    for (String program : List.of("ip", "iptables", "ip6tables", "setpriv", "tcpdump")) {
      if (!isInstalled(program)) {
        return Optional.of("network namespaces need the program " + program);
      }
    }
    if (!Ran.must("id", "-u").strip().equals("0")) {
      return Optional.of("network namespaces need root");
    }
    String name = "selvage-" + own() + "-0000-try";
    Ran added = Ran.of(List.of("ip", "netns", "add", name), "");
    if (added.code() != 0) {
      return Optional.of("no network namespace can be made: " + added.err().strip());
    }
    try {
      for (String program : List.of("iptables", "ip6tables")) {
        Ran nat = Ran.of(List.of("ip", "netns", "exec", name, program, "-t", "nat", "-S"), "");
        if (nat.code() != 0) {
          return Optional.of(program + " has no nat table: " + nat.err().strip());
        }
      }
      return Optional.empty();
    } finally {
      Ran.of(List.of("ip", "netns", "del", name), "");
    }
  }

  /** Is a program on the path? */
  public static boolean isInstalled(String program) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  /**
   * Makes the node.
   *
   * @param dir for logs and captures; made readable for everybody, as programs of other users look
   *     there
   */
  public static NetworkPods create(Path dir) throws IOException {
    removeLeftovers();
    Files.createDirectories(dir);
    Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxr-xr-x"));
    var pods = new NetworkPods(dir);
    Runtime.getRuntime().addShutdownHook(pods.atExit);
    try {
      pods.makeNode();
    } catch (RuntimeException e) {
      pods.close();
      throw e;
    }
    return pods;
  }

  /** The node's own namespace: the control plane runs here, unmeshed and reachable from all. */
  public NetworkPod node() {
    return node;
  }

  /**
   * Makes a pod. Addresses are not used twice.
   *
   * @param name unique among those that exist, of lower-case letters, digits and hyphens
   */
  public synchronized NetworkPod pod(String name) {
    if (!name.matches("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?") || pods.containsKey(name)) {
      throw new IllegalArgumentException("no pod can be called " + name);
    }
    if (made == MAX_PODS) {
      throw new IllegalStateException("more than " + MAX_PODS + " pods");
    }
    int number = ++made;
    String address = "10.77.0." + (number + 9);
    String address6 = "fd77::" + Integer.toHexString(number + 9);
    String link = "pod" + number;
    String namespace = prefix + name;
    var pod = new NetworkPod(this, name, namespace, address, address6, link);
    pods.put(name, pod);
    Ran.must("ip", "netns", "add", namespace);
    Ran.must(
        "ip",
        "-n",
        node.namespace(),
        "link",
        "add",
        link,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "netns",
        namespace);
    batch(
        node.namespace(),
        "addr add " + NODE_ADDRESS + "/32 dev " + link,
        "addr add fe80::1/64 dev " + link + " nodad",
        "link set " + link + " up",
        "route add " + address + "/32 dev " + link,
        "route add " + address6 + "/128 dev " + link);
    batch(
        namespace,
        "link set lo up",
        "addr add " + address + "/32 dev eth0",
        "addr add " + address6 + "/128 dev eth0 nodad",
        "link set eth0 up",
        "route add " + NODE_ADDRESS + "/32 dev eth0 scope link src " + address,
        "route add default via " + NODE_ADDRESS + " dev eth0 src " + address,
        "route add ::/0 via fe80::1 dev eth0 src " + address6);
    return pod;
  }

  /**
   * What kube-proxy does: connections to a Service's address go to one of its targets, chosen
   * evenly. Replaces what was said of that address and port before, in one step; without targets
   * connections are refused.
   *
   * @param clusterIp IPv4 or IPv6 address that no pod has
   * @param targets {@code IP:PORT}, with brackets for IPv6
   */
  public synchronized void serviceAddress(String clusterIp, int port, List<String> targets) {
    boolean six = clusterIp.contains(":");
    String program = six ? "ip6tables" : "iptables";
    String chain =
        "SVC-" + Integer.toHexString((clusterIp + "/" + port).hashCode()).toUpperCase(Locale.ROOT);
    var nat = new StringBuilder("*nat\n:" + chain + " - [0:0]\n");
    for (int i = 0; i < targets.size(); i++) {
      int left = targets.size() - i;
      nat.append("-A ").append(chain);
      if (left > 1) {
        nat.append(" -m statistic --mode random --probability ").append(1.0 / left);
      }
      nat.append(" -p tcp -j DNAT --to-destination ").append(targets.get(i)).append('\n');
    }
    if (services.add(chain)) {
      // The node's own programs need a route before their packets are rewritten. Where
      // route_localnet
      // is on, as kube-proxy and Docker leave it, their address would be 127.0.0.1 by itself.
      batch(
          node.namespace(),
          "route replace %s dev lo src %s"
              .formatted(clusterIp + (six ? "/128" : "/32"), six ? NODE_ADDRESS6 : NODE_ADDRESS));
      for (String hook : List.of("PREROUTING", "OUTPUT")) {
        nat.append("-A %s -d %s -p tcp --dport %d -j %s\n".formatted(hook, clusterIp, port, chain));
      }
    }
    nat.append("COMMIT\n");
    Ran ran =
        Ran.of(
            List.of("ip", "netns", "exec", node.namespace(), program + "-restore", "--noflush"),
            nat.toString());
    if (ran.code() != 0) {
      throw new IllegalStateException(program + "-restore: " + ran.err() + nat);
    }
  }

  /** Ends everything inside and removes all namespaces. */
  @Override
  public void close() {
    removeAll();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // The JVM is on its way out and calls the hook itself.
    }
  }

  Path dir() {
    return dir;
  }

  synchronized void delete(NetworkPod pod) {
    pods.remove(pod.name());
    deleteNamespace(pod.namespace());
  }

  private synchronized void removeAll() {
    for (NetworkPod pod : new ArrayList<>(pods.values())) {
      pod.remove();
    }
    node.remove();
  }

  private void makeNode() {
    Ran.must("ip", "netns", "add", node.namespace());
    batch(
        node.namespace(),
        "link set lo up",
        "addr add " + NODE_ADDRESS + "/32 dev lo",
        "addr add " + NODE_ADDRESS6 + "/128 dev lo nodad",
        // What leads nowhere is refused at once instead of waiting for an answer.
        "route add unreachable default",
        "route add unreachable ::/0");
    node.must(
        "sh",
        "-c",
        "echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
  }

  private static void batch(String namespace, String... lines) {
    // One process for all lines; ip stops at the first that fails.
    Ran ran =
        Ran.of(List.of("ip", "-n", namespace, "-batch", "-"), String.join("\n", lines) + "\n");
    if (ran.code() != 0) {
      throw new IllegalStateException("ip: " + ran.err() + String.join("\n", lines));
    }
  }

  /** Namespaces of test processes that were killed before they could clean up. */
  private static void removeLeftovers() throws IOException {
    if (!Files.isDirectory(NAMESPACES)) {
      return;
    }
    try (var files = Files.list(NAMESPACES)) {
      for (Path file : files.toList()) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (name.matches()
            && !start(Long.parseLong(name.group(1))).equals(Optional.of(name.group(2)))) {
          deleteNamespace(file.getFileName().toString());
        }
      }
    }
  }

  private static void deleteNamespace(String namespace) {
    // What was started inside by something that was started inside.
    for (String pid : Ran.of(List.of("ip", "netns", "pids", namespace), "").out().split("\\s+")) {
      if (!pid.isEmpty()) {
        Ran.of(List.of("kill", "-KILL", pid), "");
      }
    }
    Ran.of(List.of("ip", "netns", "del", namespace), "");
  }

  private static String own() {
    long pid = ProcessHandle.current().pid();
    return pid + "-" + start(pid).orElse("0");
  }

  /** Tells a process from an earlier one of the same id; empty if it is gone. */
  private static Optional<String> start(long pid) {
    return ProcessHandle.of(pid)
        .flatMap(handle -> handle.info().startInstant())
        .map(Instant::getEpochSecond)
        .map(seconds -> Long.toString(seconds, 36));
  }
}
