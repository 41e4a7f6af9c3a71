// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.InboundSettings.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads and writes {@link InboundSettings}. */
final class InboundSettingsFields {
  private static final InboundPolicy[] POLICIES = InboundPolicy.values();

  private InboundSettingsFields() {}

  static void write(ProtoWriter out, InboundSettings settings) {
    out.uint(1, Fields.number(settings.policy()))
        .strings(2, settings.clusterNetworks())
        .packed(3, settings.opaquePorts())
        .messages(
            4, settings.probes(), (to, probe) -> to.uint(1, probe.port()).string(2, probe.path()))
        .strings(5, settings.probeNetworks());
  }

  static InboundSettings read(ProtoReader in) throws WireException {
    @Nullable InboundPolicy policy = null;
    List<String> clusterNetworks = new ArrayList<>();
    List<Long> opaque = new ArrayList<>();
    List<Probe> probes = new ArrayList<>();
    List<String> probeNetworks = new ArrayList<>();
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> policy = in.oneOf("policy", POLICIES);
        case 2 -> {
          in.room("cluster_networks", clusterNetworks.size(), WireLimits.NETWORKS);
          clusterNetworks.add(in.text("cluster_networks"));
        }
        case 3 -> in.numbers("opaque_ports", 1, 65_535, WireLimits.OPAQUE_PORTS, opaque);
        case 4 -> {
          in.room("probes", probes.size(), WireLimits.PROBES);
          probes.add(readProbe(in.message("probes[" + probes.size() + "]")));
        }
        case 5 -> {
          in.room("probe_networks", probeNetworks.size(), WireLimits.NETWORKS);
          probeNetworks.add(in.text("probe_networks"));
        }
        default -> in.skip();
      }
    }
    Set<Integer> ports = new TreeSet<>();
    for (Long port : opaque) {
      ports.add(port.intValue());
    }
    return new InboundSettings(
        in.present("policy", policy), clusterNetworks, ports, probes, probeNetworks);
  }

  private static Probe readProbe(ProtoReader in) throws WireException {
    int port = 0;
    String path = "";
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> port = in.port("port");
        case 2 -> path = in.text("path");
        default -> in.skip();
      }
    }
    if (port == 0) {
      throw in.error("port", "missing");
    }
    return new Probe(port, path);
  }
}
