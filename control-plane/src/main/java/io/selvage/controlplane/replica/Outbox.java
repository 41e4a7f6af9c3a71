// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.replica;

import io.vertx.core.http.HttpClientRequest;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What waits until another replica reads on, bounded by its weight. Confined to the context of its
 * link, but for {@link #reserve} and {@link #release}.
 */
final class Outbox {
  /** Entries of reports that wait for one replica. */
  static final int MAX_WEIGHT = 50_000;

  private final AtomicInteger weight = new AtomicInteger();
  private final ArrayDeque<Item> items = new ArrayDeque<>();

  /** Something to be sent. */
  @FunctionalInterface
  interface Sending {
    void to(HttpClientRequest request);
  }

  /**
   * @param counts whether somebody is to hear of it when it is not sent
   */
  private record Item(int weight, boolean counts, Sending sending) {}

  /**
   * Makes room, which {@link #add} or {@link #release} must follow; from any thread.
   *
   * @return false if there is none
   */
  boolean reserve(int wanted) {
    if (weight.addAndGet(wanted) > MAX_WEIGHT) {
      weight.addAndGet(-wanted);
      return false;
    }
    return true;
  }

  /** Gives room back; from any thread. */
  void release(int reserved) {
    weight.addAndGet(-reserved);
  }

  /**
   * Puts something where room was made for it.
   *
   * @param counts whether {@link #clear} counts it
   */
  void add(int reserved, boolean counts, Sending sending) {
    items.add(new Item(reserved, counts, sending));
  }

  /** Puts something small that must not be let fall. */
  void force(Sending sending) {
    add(0, false, sending);
  }

  /** Sends for as long as the other reads. */
  void sendTo(HttpClientRequest request) {
    while (!request.writeQueueFull()) {
      Item next = items.poll();
      if (next == null) {
        return;
      }
      release(next.weight());
      next.sending().to(request);
    }
  }

  /**
   * Nothing of it is to be sent any more.
   *
   * @return how many were lost of those that count
   */
  int clear() {
    int lost = 0;
    for (Item item : items) {
      release(item.weight());
      lost += item.counts() ? 1 : 0;
    }
    items.clear();
    return lost;
  }

  int size() {
    return items.size();
  }
}
