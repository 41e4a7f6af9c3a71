// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import java.util.List;

/** From the control plane to a proxy. */
public sealed interface ControlMessage {
  /**
   * The first message, the answer to Hello.
   *
   * @param instance which replica answers
   * @param reportMillis how often reports are wanted, 500..60000
   */
  record Welcome(int version, String instance, long reportMillis) implements ControlMessage {
    public Welcome {
      requireNonNull(instance, "instance");
    }
  }

  /**
   * Whom to believe from now on. During a rotation it holds the old and the new anchors.
   *
   * @param fingerprint SHA-256 of the anchors' DER, sorted, in lower-case hex
   * @param renew whether a new leaf is to be asked for now, because the issuer has changed
   */
  record Bundle(String pem, String fingerprint, boolean renew) implements ControlMessage {
    public Bundle {
      requireNonNull(pem, "pem");
      requireNonNull(fingerprint, "fingerprint");
    }
  }

  /** How to treat what arrives; to sidecars only. */
  record Inbound(InboundSettings settings) implements ControlMessage {
    public Inbound {
      requireNonNull(settings, "settings");
    }
  }

  /** What a subscribed address stands for. */
  record Destination(long id, DestinationUpdate update) implements ControlMessage {
    public Destination {
      requireNonNull(update, "update");
    }
  }

  /**
   * Pods that have a sidecar; to gateways only, which know Services themselves. By difference after
   * the first.
   *
   * @param reset forget all before applying this
   * @param removed IP literals
   */
  record Workloads(boolean reset, List<MeshedPod> upserts, List<String> removed)
      implements ControlMessage {
    public Workloads {
      upserts = List.copyOf(upserts);
      removed = List.copyOf(removed);
    }
  }

  /**
   * A pod that speaks mTLS.
   *
   * @param address IP literal; a pod with several is sent several times
   * @param identity SPIFFE id
   * @param plainPorts ports its sidecar does not see
   */
  record MeshedPod(String address, String identity, List<PortRange> plainPorts) {
    public MeshedPod {
      requireNonNull(address, "address");
      requireNonNull(identity, "identity");
      plainPorts = List.copyOf(plainPorts);
    }
  }
}
