// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.Processor;
import io.selvage.model.ObjectStatus.State;
import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.crd.Listener;
import io.selvage.model.kube.ObjectRef;
import java.util.HashMap;
import java.util.Map;

/** Listener: opens its port. Of several for one port the oldest opens it. */
public final class ListenerProcessor implements Processor {
  @Override
  public String name() {
    return "listener";
  }

  @Override
  public void process(CompileContext context) {
    var world = EmissaryWorld.of(context);
    Map<Integer, ObjectRef> ports = new HashMap<>();
    context.each(
        world.mine(EmissaryKinds.LISTENER),
        listener ->
            world.conclude(
                listener, open(world, listener, ports) ? State.RUNNING : State.INACTIVE));
  }

  private static boolean open(
      EmissaryWorld world, Listener listener, Map<Integer, ObjectRef> ports) {
    var findings = world.findings(listener.ref());
    var context = world.context();
    var plan =
        ListenerPlan.read(
            listener, context.options().address(), world.module().trustedHops(), findings);
    if (plan.isEmpty()) {
      return false;
    }
    ObjectRef first = ports.putIfAbsent(plan.get().spec().port(), listener.ref());
    if (first != null) {
      findings.error(
          "spec.port",
          "PortConflict",
          "port " + plan.get().spec().port() + " is already opened by " + first);
      return false;
    }
    var admission = plan.get().admission();
    if (plan.get().spec().http()) {
      context.addListener(plan.get().spec(), context.routeTable(admission, ""));
    } else {
      context.addTcpListener(plan.get().spec(), admission);
    }
    return true;
  }
}
