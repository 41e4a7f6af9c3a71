// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

/**
 * From one replica of the control plane to another, of the proxies that keep a stream to the
 * sender. Sessions are numbers of the sender's.
 */
public sealed interface ReplicaMessage {
  /**
   * The first message.
   *
   * @param version of the contract, {@link MeshProtocol#VERSION}
   * @param instance name of this life of the sender
   * @param pod name of the sender's pod
   */
  record Hello(int version, String instance, String pod) implements ReplicaMessage {
    public Hello {
      requireNonNull(instance, "instance");
      requireNonNull(pod, "pod");
    }
  }

  /**
   * A proxy has come, or is another than before.
   *
   * @param session of its stream; later messages name it
   * @param identity proved by its certificate
   * @param podKnown whether the sender knows the pod
   * @param peer IP literal the stream came from
   * @param bundle fingerprint of the trust bundle in use; empty = not said yet
   * @param certificateNotAfterMillis end of its leaf, since 1970; 0 = not known
   * @param sinceMillis when the stream began, since 1970
   */
  record Proxy(
      long session,
      WorkloadIdentity identity,
      PodRef pod,
      boolean podKnown,
      ProxyKind kind,
      String peer,
      String software,
      String bundle,
      long certificateNotAfterMillis,
      long sinceMillis)
      implements ReplicaMessage {
    public Proxy {
      requireNonNull(identity, "identity");
      requireNonNull(pod, "pod");
      requireNonNull(kind, "kind");
      requireNonNull(peer, "peer");
      requireNonNull(software, "software");
      requireNonNull(bundle, "bundle");
    }
  }

  /** The stream of a proxy has ended. */
  record Gone(long session) implements ReplicaMessage {}

  /** What went through a proxy. */
  record Report(long session, TrafficReport report) implements ReplicaMessage {
    public Report {
      requireNonNull(report, "report");
    }
  }

  /**
   * What proxies reported and was not passed on, because it was not read.
   *
   * @param reports since the message of this kind before
   */
  record Dropped(long reports) implements ReplicaMessage {}

  /** An exchange that a {@link ReplicaRequest} asked for. */
  record Tapped(long session, ProxyMessage.Tapped tapped) implements ReplicaMessage {
    public Tapped {
      requireNonNull(tapped, "tapped");
    }
  }
}
