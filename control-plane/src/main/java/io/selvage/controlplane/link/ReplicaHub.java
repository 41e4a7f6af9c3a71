// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import io.selvage.model.mesh.ReplicaMessage;
import io.selvage.model.mesh.ReplicaRequest;
import io.selvage.model.mesh.WorkloadIdentity;

/** Hears other replicas of the control plane. Thread-safe. */
public interface ReplicaHub {
  /** Field of the answer's head by which a replica that dialled itself finds out. */
  String INSTANCE_FIELD = "selvage-instance";

  /** Name of this life of this replica. */
  String instance();

  /**
   * Somebody begins to tell of its proxies.
   *
   * @param identity proved by its certificate
   * @return confined to the loop of the stream
   * @throws RpcException if it is no replica of ours
   */
  Telling begin(WorkloadIdentity identity, Asking asking);

  /** What one replica tells. */
  interface Telling {
    /**
     * @throws RpcException if that makes no sense; the stream is to be ended
     */
    void onMessage(ReplicaMessage message);

    /** The stream has ended. May be called repeatedly. */
    void onClosed();
  }

  /** The way back to it; from any thread, nothing once the stream has ended. */
  interface Asking {
    void ask(ReplicaRequest request);

    void end(String why);
  }

  /** Of a control plane without others. */
  static ReplicaHub none() {
    return new ReplicaHub() {
      @Override
      public String instance() {
        return "";
      }

      @Override
      public Telling begin(WorkloadIdentity identity, Asking asking) {
        throw new RpcException(RpcException.Status.UNIMPLEMENTED, "there are no replicas here");
      }
    };
  }
}
