// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.ingress;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.model.Problem;
import io.selvage.model.kube.Ingress;
import io.selvage.model.kube.IngressClass;
import io.selvage.model.kube.Kind;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Decides which Ingresses are ours and how they are read: Ingress -> class -> controller ->
 * dialect. Where a cluster has no IngressClass object at all (a folder seldom has), well-known
 * class names stand for their controllers.
 */
final class IngressClasses {
  /** Deprecated, but when set it takes precedence over {@code spec.ingressClassName}. */
  static final String ANNOTATION = "kubernetes.io/ingress.class";

  private final CompileContext context;
  private final Map<String, String> controllers = new HashMap<>();
  private final Map<String, String> wellKnown;
  private final Optional<IngressClass> byDefault;
  private final boolean anyObject;

  private IngressClasses(CompileContext context) {
    this.context = context;
    this.wellKnown = context.options().wellKnownClasses();
    List<IngressClass> classes = List.copyOf(context.all(Kind.INGRESS_CLASS));
    this.anyObject = !classes.isEmpty();
    classes.forEach(c -> controllers.put(c.metadata().name(), c.controller()));
    this.byDefault = defaultOf(classes);
  }

  static IngressClasses of(CompileContext context) {
    return new IngressClasses(context);
  }

  /** The oldest default class: a second one, made by mistake, must not silence what is served. */
  private Optional<IngressClass> defaultOf(List<IngressClass> classes) {
    List<IngressClass> defaults =
        classes.stream()
            .filter(IngressClass::isDefault)
            .sorted(
                Comparator.comparing((IngressClass c) -> c.metadata().creationTimestamp())
                    .thenComparing(c -> c.metadata().name()))
            .toList();
    for (IngressClass extra : defaults.stream().skip(1).toList()) {
      if (dialectOf(extra.controller()).isPresent()) {
        context.report(
            Problem.warning(
                extra.ref(),
                "metadata.annotations",
                "SecondDefaultClass",
                "is marked as the default class, but so is the older "
                    + defaults.getFirst().ref()
                    + ", which is used"));
      }
    }
    return defaults.stream().findFirst();
  }

  /** How an Ingress is read; empty if it is not ours. */
  Optional<Dialect> dialect(Ingress ingress) {
    String annotation = ingress.metadata().annotations().getOrDefault(ANNOTATION, "");
    String field = ingress.spec().ingressClassName();
    Optional<String> controller;
    String className;
    if (!annotation.isEmpty()) {
      className = annotation;
      controller = ofAnnotation(annotation);
    } else if (field != null && !field.isEmpty()) {
      className = field;
      controller = ofField(field);
    } else {
      return withoutClass(ingress);
    }
    if (controller.isEmpty()) {
      reportMissing(ingress, className);
      return Optional.empty();
    }
    Optional<Dialect> dialect = controller.flatMap(IngressClasses::dialectOf);
    if (dialect.isPresent()
        && !annotation.isEmpty()
        && field != null
        && !field.equals(annotation)) {
      context.report(
          Problem.warning(
              ingress.ref(),
              "spec.ingressClassName",
              "ClassConflict",
              "names the class " + field + ", but the annotation's " + annotation + " is used"));
    }
    if (controller.map(c -> isController(c, CompileOptions.NGINX_CONTROLLER)).orElse(false)) {
      context.report(
          Problem.warning(
              ingress.ref(),
              "",
              "ClassReserved",
              "is of class "
                  + className
                  + ", whose controller k8s.io/ingress-nginx is reserved for a later release:"
                  + " it is not served"));
    }
    return dialect;
  }

  /**
   * A class that nobody declared is nobody's business, unless its name says that it is meant for
   * us: then its author waits for an answer.
   */
  private void reportMissing(Ingress ingress, String className) {
    boolean meantForUs =
        Optional.ofNullable(wellKnown.get(className))
            .flatMap(IngressClasses::dialectOf)
            .isPresent();
    if (meantForUs) {
      context.report(
          Problem.warning(
              ingress.ref(),
              "spec.ingressClassName",
              "ClassNotFound",
              "names the class "
                  + className
                  + ", but among the IngressClass objects there is none of that name, so it is not"
                  + " served"));
    }
  }

  private Optional<Dialect> withoutClass(Ingress ingress) {
    if (!anyObject) {
      context.report(
          Problem.warning(
              ingress.ref(),
              "spec.ingressClassName",
              "NoClass",
              "names no class and there is no default class, so it is not served; name one of "
                  + String.join(", ", servedNames())));
      return Optional.empty();
    }
    return byDefault.flatMap(c -> dialectOf(c.controller()));
  }

  private List<String> servedNames() {
    return wellKnown.entrySet().stream()
        .filter(e -> dialectOf(e.getValue()).isPresent())
        .map(Map.Entry::getKey)
        .toList();
  }

  private Optional<String> ofField(String name) {
    return Optional.ofNullable(anyObject ? controllers.get(name) : wellKnown.get(name));
  }

  /** The annotation is older than IngressClass: its well-known names never needed an object. */
  private Optional<String> ofAnnotation(String name) {
    return Optional.ofNullable(controllers.getOrDefault(name, wellKnown.get(name)));
  }

  private static Optional<Dialect> dialectOf(String controller) {
    if (isController(controller, CompileOptions.SPEC_CONTROLLER)) {
      return Optional.of(Dialect.SPEC);
    }
    return isController(controller, CompileOptions.EMISSARY_CONTROLLER)
        ? Optional.of(Dialect.EMISSARY)
        : Optional.empty();
  }

  /** Emissary compares without regard to case. */
  private static boolean isController(String text, String wanted) {
    return text.toLowerCase(Locale.ROOT).equals(wanted);
  }
}
