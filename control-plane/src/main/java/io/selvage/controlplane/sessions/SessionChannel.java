// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import io.selvage.controlplane.link.RpcException.Status;
import io.selvage.model.mesh.ControlMessage;
import java.time.Duration;

/**
 * The stream of one session. Only {@link #execute} may be called from any thread; all else belongs
 * to the stream's own loop, on which the session is called too.
 */
public interface SessionChannel {
  /** False once so much waits to be sent that more has to wait elsewhere. */
  boolean isWritable();

  /** Sends a message. */
  void send(ControlMessage message);

  /** Ends the stream; nothing follows. */
  void end(Status status, String message);

  /** Stops reading until {@link #resume()}. */
  void pause();

  /** Reads on. */
  void resume();

  /** Runs a task on the loop, after whatever runs there now. */
  void execute(Runnable task);

  /** Runs a task on the loop after a while, unless it is cancelled before. */
  Cancellable after(Duration delay, Runnable task);

  /** Something that has not happened yet. */
  @FunctionalInterface
  interface Cancellable {
    void cancel();
  }
}
