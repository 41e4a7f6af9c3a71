// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.selvage.model.Problem;
import io.selvage.model.routing.ListenerSpec;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps what a listener reports. */
final class RecordingObserver implements ListenerObserver {
  final List<Refusal> refusals = new CopyOnWriteArrayList<>();
  final List<String> bound = new CopyOnWriteArrayList<>();
  final List<Problem> bindProblems = new CopyOnWriteArrayList<>();
  final List<Boolean> pauses = new CopyOnWriteArrayList<>();
  final List<Throwable> acceptErrors = new CopyOnWriteArrayList<>();
  final AtomicInteger accepted = new AtomicInteger();
  final AtomicInteger closed = new AtomicInteger();
  final AtomicInteger handshakes = new AtomicInteger();

  @Override
  public void onBound(ListenerSpec listener, int port) {
    bound.add(listener.name());
  }

  @Override
  public void onBindFailed(ListenerSpec listener, Problem problem) {
    bindProblems.add(problem);
  }

  @Override
  public void onAccepted(ListenerSpec listener) {
    accepted.incrementAndGet();
  }

  @Override
  public void onClosed(ListenerSpec listener) {
    closed.incrementAndGet();
  }

  @Override
  public void onAcceptPaused(ListenerSpec listener, boolean paused) {
    pauses.add(paused);
  }

  @Override
  public void onAcceptError(ListenerSpec listener, Throwable cause) {
    acceptErrors.add(cause);
  }

  @Override
  public void onHandshake(ListenerSpec listener, String version, long nanos) {
    handshakes.incrementAndGet();
  }

  @Override
  public void onRefused(ListenerSpec listener, Refusal reason) {
    refusals.add(reason);
  }
}
