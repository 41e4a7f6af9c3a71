// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.ingress;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.Processor;
import io.selvage.gateway.translate.RouteTableBuilder;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.Problem;
import io.selvage.model.kube.Ingress;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.ObjectRef;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;

/**
 * Translates Ingress v1. Ingresses are taken by age, oldest first (then by namespace and name), so
 * that whoever asked first keeps what two ask for. Runs after the processors that make listeners,
 * virtual hosts and routes of their own, because it shares virtual hosts with them.
 */
public final class IngressProcessor implements Processor {
  private static final Comparator<Ingress> BY_AGE =
      Comparator.comparing((Ingress i) -> i.metadata().creationTimestamp())
          .thenComparing(Ingress::ref);

  @Override
  public String name() {
    return "ingress";
  }

  @Override
  public void process(CompileContext context) {
    var classes = IngressClasses.of(context);
    var dialects = new HashMap<ObjectRef, Dialect>();
    var ours = new ArrayList<Ingress>();
    context.each(
        context.all(Kind.INGRESS),
        ingress ->
            classes
                .dialect(ingress)
                .ifPresent(dialect -> {
                  dialects.put(ingress.ref(), dialect);
                  ours.add(ingress);
                }));
    ours.sort(BY_AGE);
    var backends = new IngressBackends(context);
    var translated = new ArrayList<IngressRules>(ours.size());
    context.each(
        ours,
        ingress -> {
          Dialect dialect = dialects.getOrDefault(ingress.ref(), Dialect.SPEC);
          translated.add(IngressRules.translate(context, backends, ingress, dialect));
        });
    place(context, translated);
    var tls = new IngressTls(context);
    translated.forEach(rules -> context.guard(rules.ingress(), () -> tls.collect(rules.ingress())));
    tls.bind();
  }

  private static void place(CompileContext context, List<IngressRules> translated) {
    var serving = new HashSet<ObjectRef>();
    var admitted = new HashSet<ObjectRef>();
    for (RouteTableBuilder table : context.routeTables()) {
      var placement = new IngressPlacement(context, table);
      for (IngressRules rules : translated) {
        if (table.admission().admits(rules.ingress().metadata())) {
          admitted.add(rules.ingress().ref());
          context.guard(
              rules.ingress(),
              () -> {
                if (placement.add(rules)) {
                  serving.add(rules.ingress().ref());
                }
              });
        }
      }
      placement.finish();
    }
    for (IngressRules rules : translated) {
      Ingress ingress = rules.ingress();
      if (!admitted.contains(ingress.ref())) {
        context.report(
            Problem.warning(
                ingress.ref(), "", "NoListener", "no Listener admits it, so it is not served"));
      }
      context.status(ingress, serving.contains(ingress.ref()) ? State.RUNNING : State.INACTIVE);
    }
  }
}
