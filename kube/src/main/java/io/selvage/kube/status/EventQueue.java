// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.selvage.kube.status.EventRecorder.Announcement;
import io.selvage.model.ObjectStatus;
import io.selvage.model.Problem;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Problems that wait to become Events: each once when it appears, not again while it lasts.
 * Confined to the writer's thread.
 */
final class EventQueue {
  private static final Logger log = LoggerFactory.getLogger(EventQueue.class);

  /** More would only push older Events out of the API server; statuses say the rest. */
  private static final int MAX_WAITING = 1_000;

  private static final Map<String, Kind<?>> KINDS =
      Kind.all().collect(Collectors.toUnmodifiableMap(Kind::name, k -> k));

  private final EventRecorder recorder;
  private final ArrayDeque<Announcement> waiting = new ArrayDeque<>();
  private Set<Problem> known = new HashSet<>();
  private long written;
  private long failures;

  EventQueue(EventRecorder recorder) {
    this.recorder = recorder;
  }

  /** Queues the problems that were not in the report before. */
  void want(StatusWriter.Report report) {
    var now = new HashSet<Problem>();
    var uids = new HashMap<ObjectRef, String>();
    Stream.concat(
            report.statuses().stream().map(ObjectStatus::problems).flatMap(p -> p.stream()),
            report.problems().stream())
        .filter(p -> p.object().isPresent())
        .forEach(p -> {
          // The same problem may stand in a status and in the list.
          if (now.add(p) && !known.contains(p)) {
            add(report, p, uids);
          }
        });
    waiting.removeIf(a -> !now.contains(a.problem()));
    known = now;
  }

  private void add(StatusWriter.Report report, Problem problem, Map<ObjectRef, String> uids) {
    ObjectRef object = problem.object().orElseThrow();
    Kind<?> kind = KINDS.get(object.kind());
    if (kind == null || waiting.size() >= MAX_WAITING) {
      return;
    }
    String uid =
        uids.computeIfAbsent(
            object,
            o -> report.state().find(o).map(KubeObject::metadata).map(m -> m.uid()).orElse(""));
    waiting.add(new Announcement(object, kind.apiVersion(), uid, problem));
  }

  /** Writes one; a refusal is logged and counted, an API server that is away keeps it waiting. */
  void writeNext() {
    Announcement next = waiting.peek();
    if (next == null) {
      return;
    }
    try {
      recorder.announce(next);
      written++;
    } catch (KubernetesClientException e) {
      failures++;
      if (e.getCode() == 0 || e.getCode() >= 500 || e.getCode() == 429) {
        throw e; // away or busy: later
      }
      log.warn("no Event for {}: {}", next.object(), StatusWriter.reason(e));
    }
    waiting.poll();
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  int size() {
    return waiting.size();
  }

  long written() {
    return written;
  }

  long failures() {
    return failures;
  }
}
