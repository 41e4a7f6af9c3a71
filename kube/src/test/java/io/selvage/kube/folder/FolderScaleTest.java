// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.folder;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.kube.ClusterState;
import io.selvage.model.kube.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ten thousand Ingresses fit within the limits, in one file or in many. Logs times, asserts none.
 */
class FolderScaleTest {
  private static final Logger log = LoggerFactory.getLogger(FolderScaleTest.class);
  private static final int COUNT = 10_000;

  @TempDir Path dir;

  @Test
  void tenThousandIngressesInOneFile() throws IOException {
    var all = new StringBuilder();
    for (int i = 0; i < COUNT; i++) {
      all.append("---\n").append(ingress(i));
    }
    Files.writeString(dir.resolve("all.yaml"), all);

    for (int round = 0; round < 3; round++) {
      long begun = System.nanoTime();
      ClusterState state = FolderSource.read(dir);
      log.info("one file: {} ms", (System.nanoTime() - begun) / 1_000_000);
      assertThat(state.all(Kind.INGRESS)).hasSize(COUNT);
      assertThat(state.problems()).isEmpty();
    }
  }

  @Test
  void tenThousandIngressesInAsManyFiles() throws IOException {
    for (int i = 0; i < COUNT; i++) {
      Path sub = Files.createDirectories(dir.resolve("ns" + i % 50));
      Files.writeString(sub.resolve("i" + i + ".yaml"), ingress(i));
    }

    long begun = System.nanoTime();
    ClusterState state = FolderSource.read(dir);
    log.info("many files: {} ms", (System.nanoTime() - begun) / 1_000_000);
    long scanBegun = System.nanoTime();
    FolderScan scan = FolderScan.of(dir, FolderLimits.DEFAULT);
    log.info("scan alone: {} ms", (System.nanoTime() - scanBegun) / 1_000_000);

    assertThat(state.all(Kind.INGRESS)).hasSize(COUNT);
    assertThat(scan.files()).hasSize(COUNT);
  }

  private static String ingress(int i) {
    return """
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: ingress-%d
      namespace: team-%d
    spec:
      ingressClassName: selvage
      tls:
        - hosts: [host-%d.example.com]
          secretName: tls-%d
      rules:
        - host: host-%d.example.com
          http:
            paths:
              - path: /api
                pathType: Prefix
                backend:
                  service: {name: backend-%d, port: {number: 8080}}
              - path: /
                pathType: Prefix
                backend:
                  service: {name: web-%d, port: {number: 80}}
    """
        .formatted(i, i % 50, i, i, i, i, i);
  }
}
