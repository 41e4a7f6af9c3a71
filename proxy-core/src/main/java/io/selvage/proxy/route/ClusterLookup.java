// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.proxy.upstream.Cluster;
import org.jspecify.annotations.Nullable;

/** The clusters of the snapshot that a route table is compiled for. */
@FunctionalInterface
public interface ClusterLookup {
  /** The cluster of this name, or null when the model names one that it does not define. */
  @Nullable Cluster find(String name);
}
