// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.app;

import io.selvage.controlplane.link.ClusterView;
import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateListener;
import io.selvage.model.kube.ClusterState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one listener of the source, which passes changes on to every part. */
final class ClusterHub implements ClusterView, ClusterStateListener {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterHub.class);

  private final List<ClusterStateListener> listeners = new ArrayList<>();
  private final CompletableFuture<Void> synced = new CompletableFuture<>();
  private volatile ClusterState current = ClusterState.empty();

  @Override
  public ClusterState current() {
    return current;
  }

  @Override
  public synchronized void listen(ClusterStateListener listener) {
    listeners.add(listener);
    if (synced.isDone()) {
      tell(listener, new ClusterChange.Synced(current));
    }
  }

  @Override
  public synchronized void onChange(ClusterChange change) {
    current = change.state();
    synced.complete(null);
    listeners.forEach(listener -> tell(listener, change));
  }

  private static void tell(ClusterStateListener listener, ClusterChange change) {
    try {
      listener.onChange(change);
    } catch (RuntimeException e) {
      LOG.error("a part of the control plane failed at a change", e);
    }
  }

  /** Done with the first state. */
  CompletableFuture<Void> synced() {
    return synced;
  }
}
