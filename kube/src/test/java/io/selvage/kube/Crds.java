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

/** What the charts make, applied as it is. */
public final class Crds {
  private static final String COMPONENT = "selvage.io/control-plane-component";

  private Crds() {}

  private static Path charts() {
    return Path.of(System.getProperty("selvage.root", ".."), "charts");
  }

  /**
   * Applies the account and the rights of one component, as the chart renders them by default.
   *
   * @param component value of the label {@code selvage.io/control-plane-component}
   */
  public static void applyRights(KubernetesClient admin, String component) throws IOException {
    try (InputStream in = Files.newInputStream(charts().resolve("golden/default.yaml"))) {
      for (HasMetadata object : admin.load(in).items()) {
        boolean rights =
            object.getKind().contains("Role") || object.getKind().equals("ServiceAccount");
        if (rights && component.equals(object.getMetadata().getLabels().get(COMPONENT))) {
          admin.resource(object).unlock().createOr(existing -> existing.update());
        }
      }
    }
  }

  /** Installs every custom resource definition and waits until each is served. */
  public static void install(KubernetesClient admin) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(charts().resolve("selvage-crds/templates"))) {
      files = found.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
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
