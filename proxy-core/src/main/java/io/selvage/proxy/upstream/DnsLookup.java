// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Resolves names with the lifetime of the answer. */
@FunctionalInterface
interface DnsLookup {
  /** Resolves {@code host}; fails when it does not exist or no server answers. */
  CompletionStage<Answer> lookup(String host);

  /**
   * What a name resolves to.
   *
   * @param ttlSeconds shortest lifetime of the records; -1 = unknown (hosts file)
   */
  record Answer(List<InetAddress> addresses, long ttlSeconds) {
    public Answer {
      addresses = List.copyOf(addresses);
    }
  }
}
