// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.Processor;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.Problem;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.crd.EmissaryObject;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import java.util.List;

/**
 * Kinds that are read and have nothing to translate: the Kubernetes resolvers, which are names, and
 * those that are not supported yet and must say so. Also the annotation that carries whole
 * manifests.
 */
public final class ReportedKinds implements Processor {
  private static final String CONFIG_ANNOTATION = "getambassador.io/config";

  @Override
  public String name() {
    return "reported-kinds";
  }

  @Override
  public void process(CompileContext context) {
    var world = EmissaryWorld.of(context);
    for (var kind :
        List.of(
            EmissaryKinds.KUBERNETES_ENDPOINT_RESOLVER,
            EmissaryKinds.KUBERNETES_SERVICE_RESOLVER)) {
      world.mine(kind).forEach(o -> world.conclude(o, State.RUNNING));
    }
    report(world, EmissaryKinds.CONSUL_RESOLVER, "Services are found through Kubernetes only");
    report(world, EmissaryKinds.AUTH_SERVICE, "requests are not authorised by it");
    report(world, EmissaryKinds.RATE_LIMIT_SERVICE, "requests are not limited by it");
    report(world, EmissaryKinds.LOG_SERVICE, "the access log goes to the gateway's output");
    report(world, EmissaryKinds.TRACING_SERVICE, "traces go where the gateway's options say");
    reportAnnotations(context, Kind.SERVICE);
    reportAnnotations(context, Kind.INGRESS);
  }

  private static void report(
      EmissaryWorld world, Kind<? extends EmissaryObject> kind, String consequence) {
    for (EmissaryObject object : world.mine(kind)) {
      world
          .findings(object.ref())
          .error(
              "kind",
              Findings.NOT_YET_SUPPORTED,
              kind.name() + " is not supported yet: " + consequence);
      world.conclude(object, State.INACTIVE);
    }
  }

  private static void reportAnnotations(CompileContext context, Kind<? extends KubeObject> kind) {
    for (KubeObject object : context.all(kind)) {
      if (object.metadata().annotations().containsKey(CONFIG_ANNOTATION)) {
        context.report(
            Problem.warning(
                object.ref(),
                "metadata.annotations[" + CONFIG_ANNOTATION + "]",
                Findings.NOT_YET_SUPPORTED,
                "manifests inside the annotation "
                    + CONFIG_ANNOTATION
                    + " are not read; apply them as objects"));
      }
    }
  }
}
