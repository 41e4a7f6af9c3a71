// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.model.mesh.WorkloadIdentity;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A sidecar has no Bouncy Castle on its class path. */
class JdkOnlyTest {
  @Test
  void everyClassOfAWorkloadLoadsWithoutBouncyCastle() throws Exception {
    try (URLClassLoader loader = withoutLibraries()) {
      assertThatThrownBy(() -> loader.loadClass("org.bouncycastle.asn1.ASN1Primitive"))
          .isInstanceOf(ClassNotFoundException.class);
      for (String name : classes("workload", "token")) {
        Class<?> type = Class.forName(name, true, loader);
        assertThat(type.getClassLoader()).isSameAs(loader);
        // Resolves every type in every signature.
        type.getDeclaredMethods();
        type.getDeclaredConstructors();
        type.getDeclaredFields();
      }
    }
  }

  @Test
  void keysRequestsAndBundlesWorkWithoutBouncyCastle() throws Exception {
    var made =
        CertificateAuthorities.create(
            "cluster.local", Instant.now(), CertificateAuthorities.DEFAULT_LIFETIME);
    try (URLClassLoader loader = withoutLibraries()) {
      Class<?> keys = loader.loadClass(WorkloadKeys.class.getName());
      Object pair = keys.getMethod("create").invoke(null);
      String pem =
          (String)
              keys.getMethod("pem", PrivateKey.class).invoke(null, ((KeyPair) pair).getPrivate());
      assertThat(WorkloadKeys.parse(pem)).isEqualTo(((KeyPair) pair).getPrivate());
      byte[] request =
          (byte[])
              loader
                  .loadClass(CertificateRequests.class.getName())
                  .getMethod("create", KeyPair.class)
                  .invoke(null, pair);
      assertThat(request).isNotEmpty();
      Object bundle =
          loader
              .loadClass(TrustBundle.class.getName())
              .getMethod("parse", String.class)
              .invoke(null, made.bundle().pem());
      assertThat(bundle.toString()).contains("Selvage root");
    }
  }

  private static URLClassLoader withoutLibraries() throws Exception {
    return new URLClassLoader(
        new URL[] {
          place(TrustBundle.class), place(WorkloadIdentity.class), place(JsonIgnore.class)
        },
        ClassLoader.getPlatformClassLoader());
  }

  private static URL place(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }

  private static Iterable<String> classes(String... packages)
      throws IOException, URISyntaxException {
    Path root = Path.of(place(TrustBundle.class).toURI());
    var names = new java.util.ArrayList<String>();
    for (String one : packages) {
      try (Stream<Path> files = Files.list(root.resolve("io/selvage/identity").resolve(one))) {
        files
            .map(file -> file.getFileName().toString())
            .filter(name -> name.endsWith(".class") && !name.equals("package-info.class"))
            .map(name -> "io.selvage.identity." + one + "." + name.replace(".class", ""))
            .forEach(names::add);
      }
    }
    assertThat(names).hasSizeGreaterThan(10);
    return names;
  }
}
