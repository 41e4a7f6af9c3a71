// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.upstream;

/** Runs something later; an event loop in service, a list in tests. */
@FunctionalInterface
interface Scheduler {
  void schedule(long delayMillis, Runnable task);
}
