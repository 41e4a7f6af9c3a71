// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

import java.util.Comparator;
import java.util.PriorityQueue;

/** A clock that the test moves. */
final class ManualScheduler implements Scheduler {
  private record Task(long at, long number, Runnable run) {}

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(Comparator.comparingLong(Task::at).thenComparingLong(Task::number));
  private long now;
  private long count;

  @Override
  public void schedule(long delayMillis, Runnable task) {
    tasks.add(new Task(now + delayMillis, count++, task));
  }

  long nowMillis() {
    return now;
  }

  void advanceMillis(long millis) {
    long until = now + millis;
    Task next;
    while ((next = tasks.peek()) != null && next.at() <= until) {
      tasks.remove();
      now = next.at();
      next.run().run();
    }
    now = until;
  }
}
