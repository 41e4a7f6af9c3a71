// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Where issuer and trust anchors are kept: a folder, or a Secret and a ConfigMap. Calls block.
 * Called by one thread.
 */
public sealed interface IssuerStorage extends AutoCloseable permits FolderStorage, ClusterStorage {
  /** Reading or writing failed; the message names what. */
  final class StorageException extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean conflict;

    StorageException(String message) {
      super(message);
      this.conflict = false;
    }

    private StorageException(String message, boolean conflict) {
      super(message);
      this.conflict = conflict;
    }

    /** Somebody else has changed it since it was read: what was to be written may be done. */
    static StorageException conflict(String message) {
      return new StorageException(message, true);
    }

    boolean isConflict() {
      return conflict;
    }

    StorageException(String message, Throwable cause) {
      super(message, cause);
      this.conflict = false;
    }
  }

  /** Everything, as it is now. */
  IssuerFiles read() throws StorageException;

  /**
   * Brings what is stored from one state to another, in an order that loses nothing if it is cut
   * off: first what is added, then the record of the rotation, then what is replaced, last what is
   * removed. Each part is replaced as a whole.
   *
   * @param before as read; where somebody else has changed it since, nothing is overwritten
   */
  void write(IssuerFiles before, IssuerFiles after) throws StorageException;

  /** Calls {@code changed} soon after any change, until closed. It may be called for nothing. */
  void watch(Runnable changed);

  /**
   * Why issuer and anchors must not be changed from here, as of {@link #read}; empty if they may.
   */
  Optional<String> readOnly();

  /** Objects that {@link #read} did not find, such as {@code no Secret a/b}; none for a folder. */
  List<String> missing();

  /** Revision of the bundle as read or written last; it grows with each change. 0 = not known. */
  long revision();

  /**
   * Whether something else than a person who means it may put back what was there before, as old
   * manifests do that are applied again.
   */
  boolean mayGoBack();

  /** Where other replicas can be heard; empty where there are none. */
  Optional<ReplicaBoard> board();

  /** How long another replica may go on with the old issuer; zero where there is none. */
  Duration lag();

  /** For messages, such as a path. */
  String describe();

  @Override
  void close();
}
