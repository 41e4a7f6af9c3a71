// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

/** From a proxy to the control plane. */
public sealed interface ProxyMessage {
  /**
   * The first message of a stream, exactly once. Who the proxy is was proved by its certificate;
   * the pod must be one of that identity's.
   *
   * @param version {@link MeshProtocol#VERSION} of the proxy
   * @param pod the proxy's pod
   * @param software version for people
   * @param bundle fingerprint of the trust bundle in use
   */
  record Hello(int version, PodRef pod, ProxyKind kind, String software, String bundle)
      implements ProxyMessage {
    public Hello {
      requireNonNull(pod, "pod");
      requireNonNull(kind, "kind");
      requireNonNull(software, "software");
      requireNonNull(bundle, "bundle");
    }
  }

  /**
   * Asks what an address stands for and to be told of every change.
   *
   * @param id chosen by the proxy, unique within the stream
   * @param address IP literal
   */
  record Subscribe(long id, String address, int port) implements ProxyMessage {
    public Subscribe {
      requireNonNull(address, "address");
    }
  }

  /** Ends a subscription. */
  record Unsubscribe(long id) implements ProxyMessage {}

  /**
   * A trust bundle is believed from now on, and a certificate was renewed.
   *
   * @param fingerprint of the bundle
   * @param certificateNotAfterMillis end of the leaf in use, since 1970
   */
  record State(String fingerprint, long certificateNotAfterMillis) implements ProxyMessage {
    public State {
      requireNonNull(fingerprint, "fingerprint");
    }
  }

  /**
   * An exchange that a {@link ControlMessage.Tap} asked for.
   *
   * @param id of the Tap
   * @param dropped how many exchanges it did not tell of so far, because they were too many
   */
  record Tapped(long id, long dropped, TapEvent event) implements ProxyMessage {
    public Tapped {
      requireNonNull(event, "event");
    }
  }

  /** What went through the proxy. */
  record Report(TrafficReport report) implements ProxyMessage {
    public Report {
      requireNonNull(report, "report");
    }
  }
}
