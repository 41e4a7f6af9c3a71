// SPDX-License-Identifier: Apache-2.0
package io.selvage.arch;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import io.selvage.model.kube.ObjectRef;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Which part may know which. The poms say the same between modules; here it also holds inside one,
 * and for what a library brings along. A part that does not exist yet is no failure.
 */
class ArrowsTest {
  private static JavaClasses selvage;

  @BeforeAll
  static void read() {
    selvage =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/testkit/"))
            .importPackages("io.selvage");
  }

  @Test
  void theClassesAreThere() {
    assertThat(selvage.contain("io.selvage.cli.Main")).isTrue();
    assertThat(selvage.contain("io.selvage.model.package-info")).isTrue();
    assertThat(selvage.contain("io.selvage.proxy.package-info")).isTrue();
  }

  @Test
  void partsKnowOnlyWhatStandsBelowThem() {
    check(
        layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .optionalLayer("model")
            .definedBy("io.selvage.model..")
            .optionalLayer("identity")
            .definedBy("io.selvage.identity..")
            .optionalLayer("kube")
            .definedBy("io.selvage.kube..")
            .optionalLayer("proxy-core")
            .definedBy("io.selvage.proxy..")
            .optionalLayer("mesh-client")
            .definedBy("io.selvage.mesh..")
            .optionalLayer("gateway")
            .definedBy("io.selvage.gateway..")
            .optionalLayer("sidecar")
            .definedBy("io.selvage.sidecar..")
            .optionalLayer("control-plane")
            .definedBy("io.selvage.controlplane..")
            .optionalLayer("injector-webhook")
            .definedBy("io.selvage.injector..")
            .optionalLayer("cli")
            .definedBy("io.selvage.cli..")
            .whereLayer("model")
            .mayNotAccessAnyLayer()
            .whereLayer("identity")
            .mayOnlyAccessLayers("model")
            .whereLayer("kube")
            .mayOnlyAccessLayers("model")
            .whereLayer("proxy-core")
            .mayOnlyAccessLayers("model", "identity")
            .whereLayer("mesh-client")
            .mayOnlyAccessLayers("model", "identity", "proxy-core")
            .whereLayer("gateway")
            .mayOnlyAccessLayers("model", "identity", "kube", "proxy-core", "mesh-client")
            .whereLayer("sidecar")
            .mayOnlyAccessLayers("model", "identity", "proxy-core", "mesh-client")
            .whereLayer("control-plane")
            .mayOnlyAccessLayers("model", "identity", "kube")
            .whereLayer("injector-webhook")
            .mayOnlyAccessLayers("model", "identity", "kube")
            .whereLayer("cli")
            .mayNotBeAccessedByAnyLayer());
  }

  @Test
  void theModelIsTheJdkAndJacksonAnnotations() {
    check(
        classes()
            .that()
            .resideInAPackage("io.selvage.model..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                "io.selvage.model..",
                "java..",
                "com.fasterxml.jackson.annotation..",
                "org.jspecify.annotations.."));
  }

  @Test
  void kubernetesTypesStopBeforeTheRoutingModel() {
    DescribedPredicate<JavaClass> kubernetesTypes =
        resideInAnyPackage("io.selvage.model.kube..", "io.selvage.model.crd..", "io.fabric8..")
            .and(not(equivalentTo(ObjectRef.class)))
            .as("Kubernetes types, but for the name of the object a part of the model came from");
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                "io.selvage.model.routing..", "io.selvage.proxy..", "io.selvage.sidecar..")
            .should()
            .dependOnClassesThat(kubernetesTypes));
  }

  @Test
  void theKubernetesClientStaysInKube() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("io.selvage.kube..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.fabric8.."));
  }

  @Test
  void nettyTypesStopAfterTheRoutingModel() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage("io.selvage.model..", "io.selvage.identity..", "io.selvage.kube..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.netty..", "io.vertx.."));
  }

  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(selvage);
  }
}
