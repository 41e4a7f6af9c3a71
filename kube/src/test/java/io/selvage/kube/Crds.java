// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** The chart's manifests, applied as they are. */
public final class Crds {
  private Crds() {}

  /** A file or folder of the chart. */
  public static Path chart(String path) {
    return Path.of(System.getProperty("selvage.root", ".."), "charts", "selvage").resolve(path);
  }

  /** Installs every custom resource definition and waits until each is served. */
  public static void install(KubernetesClient admin) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(chart("crds"))) {
      files = found.sorted().toList();
    }
    for (Path file : files) {
      apply(admin, file);
    }
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .ignoreExceptions()
        .until(() ->
            admin.getApiResources("getambassador.io/v3alpha1").getResources().stream()
                    .filter(r -> !r.getName().contains("/"))
                    .count()
                == files.size());
  }

  /** Applies every document of a file. */
  public static void apply(KubernetesClient admin, Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      apply(admin, in);
    }
  }

  /** Applies every document of a stream. */
  public static void apply(KubernetesClient admin, InputStream manifests) {
    for (HasMetadata object : admin.load(manifests).items()) {
      admin.resource(object).unlock().createOr(existing -> existing.update());
    }
  }
}
