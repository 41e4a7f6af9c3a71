// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import static io.selvage.proxy.listener.ListenerFixture.listener;

import com.sun.management.OperatingSystemMXBean;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.ClusterSpec;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.TcpRoute;
import io.selvage.proxy.http.Limits;
import io.selvage.proxy.transport.TransportKind;
import io.selvage.proxy.upstream.Cluster;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A process of its own, because it runs out of file descriptors: a raw listener in front of the
 * port given, without a cap that would keep it from doing so. Says its port, and for each line read
 * the number of failed accepts and the CPU milliseconds used so far.
 */
final class DescriptorShortage {
  private DescriptorShortage() {}

  public static void main(String[] args) throws Exception {
    loadClassesOfFolders();
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    Limits.Connection d = Limits.DEFAULT.connection();
    Limits limits =
        Limits.DEFAULT.withConnection(
            new Limits.Connection(
                10_000,
                10_000,
                d.maxAgeMillis(),
                d.bufferLowBytes(),
                d.bufferHighBytes(),
                d.lingerMillis()));
    Cluster cluster = Cluster.create(ClusterSpec.http("c"), 2);
    cluster.updateEndpoints(
        new EndpointSet(
            "c", List.of(EndpointSet.Endpoint.of("127.0.0.1", Integer.parseInt(args[0])))));
    TcpRoute route =
        new TcpRoute(
            "raw",
            new ObjectRef("TCPMapping", "default", "raw"),
            List.of(),
            TcpRoute.Tls.PASSTHROUGH,
            List.of(new TcpRoute.Backend("c", 100)),
            0);
    try (var fixture =
            new ListenerFixture(TransportKind.EPOLL, limits, name -> cluster, report -> {});
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
      System.out.println("port " + fixture.serve(listener().tcp(route).build()));
      while (in.readLine() != null) {
        // Without a descriptor: /proc cannot be opened any more.
        long cpuMillis = system.getProcessCpuTime() / 1_000_000;
        System.out.println("state " + fixture.observer.acceptErrors.size() + " " + cpuMillis);
      }
    }
  }

  /**
   * Classes in folders, as the build has them, cost a descriptor each to be loaded. Installed, they
   * are in jars that are open already.
   */
  private static void loadClassesOfFolders() throws Exception {
    Path folder =
        Path.of(Cluster.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        String name = folder.relativize(file).toString().replace('/', '.');
        if (!name.endsWith("-info.class")) {
          Class.forName(
              name.substring(0, name.length() - ".class".length()),
              false,
              DescriptorShortage.class.getClassLoader());
        }
      }
    }
  }
}
