// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.model.crd.EmissaryKinds;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.ListenerSpec.SecurityModel;
import io.selvage.model.routing.ListenerSpec.TlsMode;
import java.util.List;
import java.util.Optional;

/**
 * The two listeners that open where no Listener object exists: HTTP, and HTTPS once there is a
 * certificate. Both serve one route table that admits everything. One broken Listener object does
 * not bring them back: whoever writes Listeners decides which ports are open.
 */
public final class DefaultListeners implements Processor {
  public static final String HTTP = "default/http";
  public static final String HTTPS = "default/https";

  /** Streams per HTTP/2 connection where nothing else is said. */
  public static final int HTTP2_MAX_CONCURRENT_STREAMS = 100;

  @Override
  public String name() {
    return "default-listeners";
  }

  @Override
  public void process(CompileContext context) {
    var options = context.options();
    if (context.all(EmissaryKinds.LISTENER).stream()
        .anyMatch(l -> l.ambassadorIds().includes(options.ambassadorId()))) {
      return;
    }
    var table = context.routeTable(Admission.all(), "");
    context.addListener(
        listener(options, HTTP, options.httpPort(), TlsMode.OFF, "ingress_http"), table);
    context.addListener(
        listener(options, HTTPS, options.httpsPort(), TlsMode.REQUIRED, "ingress_https"), table);
  }

  private static ListenerSpec listener(
      CompileOptions options, String name, int port, TlsMode tls, String statsPrefix) {
    return new ListenerSpec(
        name,
        Optional.empty(),
        options.address(),
        port,
        false,
        tls,
        true,
        SecurityModel.XFP,
        0,
        "",
        List.of(),
        List.of(),
        HTTP2_MAX_CONCURRENT_STREAMS,
        statsPrefix);
  }

  /** Leaves the default HTTPS listener out while there is no certificate for it. Runs last. */
  public static final class CloseUnused implements Processor {
    @Override
    public String name() {
      return "default-listeners-unused";
    }

    @Override
    public void process(CompileContext context) {
      context.listeners().stream()
          .filter(l -> l.base().name().equals(HTTPS) && l.base().origin().isEmpty())
          .filter(l -> l.bindings().isEmpty())
          .map(l -> l.base().name())
          .toList()
          .forEach(context::removeListener);
    }
  }
}
