// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.kube.Secret;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import java.util.List;
import java.util.Map;

/** Secrets that golden scenarios may name; made once, because keys cost time. */
final class GoldenSecrets {
  private static final TestCa CA = TestCa.root("golden");
  private static final List<Secret> ALL = make();

  private GoldenSecrets() {}

  static List<Secret> all() {
    return ALL;
  }

  private static List<Secret> make() {
    TestCertificate one = CA.leaf("one").dns("*.example.com", "example.com").issue();
    TestCertificate two = CA.leaf("two").dns("*.example.org").issue();
    TestCertificate old = CA.leaf("old").dns("*.example.com").expired().issue();
    return List.of(
        tls("default", "cert-one", one.chainPem(), one.keyPem()),
        tls("default", "cert-two", two.chainPem(), two.keyPem()),
        tls("team", "cert-team", two.chainPem(), two.keyPem()),
        tls("default", "cert.with.dots", one.chainPem(), one.keyPem()),
        tls("default", "expired", old.chainPem(), old.keyPem()),
        tls("default", "wrong-key", one.chainPem(), two.keyPem()),
        opaque("client-ca", Map.of("tls.crt", CA.pem())),
        opaque("client-ca-required", Map.of("tls.crt", CA.pem(), "cert_required", "true")),
        opaque("client-crl", Map.of("crl.pem", CA.crlPem(old.certificate()))),
        opaque("empty", Map.of("note", "nothing of use")));
  }

  private static Secret tls(String namespace, String name, String chain, String key) {
    return new Secret(
        ObjectMeta.of(namespace, name),
        "kubernetes.io/tls",
        Map.of(),
        Map.of("tls.crt", chain, "tls.key", key));
  }

  private static Secret opaque(String name, Map<String, String> values) {
    return new Secret(ObjectMeta.of("default", name), "Opaque", Map.of(), values);
  }
}
