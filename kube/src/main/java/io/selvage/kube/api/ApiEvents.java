// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.selvage.kube.EventSink;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events written to the API server by a thread of its own, at a bounded rate. More than can be
 * written are dropped and counted: an Event is news, not a record.
 */
public final class ApiEvents implements EventSink, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ApiEvents.class);

  /** Events that wait at most; beyond it the newest is dropped. */
  static final int MAX_WAITING = 1_000;

  /** 20 a second: what the API server's own limit for Events is made for. */
  private static final long PAUSE_MILLIS = 50;

  private static final int MAX_MESSAGE = 1_024;

  /** Names may have 253 characters; the object's own name gives way to the suffix. */
  private static final int MAX_OBJECT_NAME = 230;

  private final KubernetesClient client;
  private final String component;
  private final String instance;
  private final BlockingQueue<Event> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();
  private final Thread thread;

  private ApiEvents(ApiServer api, String instance) {
    this.client = api.client();
    this.component = api.options().userAgent();
    this.instance = instance;
    this.thread = Thread.ofPlatform().daemon().name("events").unstarted(this::run);
  }

  /**
   * Starts to write.
   *
   * @param instance which replica writes, such as the pod's name
   */
  public static ApiEvents start(ApiServer api, String instance) {
    var events = new ApiEvents(api, instance);
    events.thread.start();
    return events;
  }

  @Override
  public void record(Event event) {
    if (!waiting.offer(event)) {
      dropped.incrementAndGet();
    }
  }

  /** Events written since the start. */
  public long written() {
    return written.get();
  }

  /** Events lost since the start: too many at once, or not accepted. */
  public long dropped() {
    return dropped.get();
  }

  /** Ends; what waits is lost. */
  @Override
  public void close() {
    thread.interrupt();
  }

  private void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        write(waiting.take());
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      log.debug("events closed");
    }
  }

  private void write(Event event) {
    Subject about = event.subject();
    try {
      String namespace = about.namespace().isEmpty() ? "default" : about.namespace();
      String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
      var events = client.v1().events().inNamespace(namespace);
      try {
        events.resource(built(event, namespace, now)).create();
      } catch (KubernetesClientException e) {
        if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
          throw e;
        }
        var existing = events.withName(name(event)).get();
        if (existing != null) {
          existing.setCount(existing.getCount() == null ? 2 : existing.getCount() + 1);
          existing.setLastTimestamp(now);
          events.resource(existing).update();
        }
      }
      written.incrementAndGet();
    } catch (KubernetesClientException e) {
      dropped.incrementAndGet();
      log.debug("no Event for {} {}: {}", about.kind(), about.name(), ApiCallException.reason(e));
    } catch (RuntimeException e) {
      dropped.incrementAndGet();
      log.error("an Event cannot be written", e);
    }
  }

  private io.fabric8.kubernetes.api.model.Event built(Event event, String namespace, String now) {
    Subject about = event.subject();
    String message = event.message();
    return new EventBuilder()
        .withNewMetadata()
        .withName(name(event))
        .withNamespace(namespace)
        .endMetadata()
        .withNewInvolvedObject()
        .withApiVersion(about.apiVersion())
        .withKind(about.kind())
        .withNamespace(about.namespace().isEmpty() ? null : about.namespace())
        .withName(about.name())
        .withUid(about.uid().isEmpty() ? null : about.uid())
        .endInvolvedObject()
        .withReason(event.reason())
        .withMessage(message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message)
        .withType(event.type().text())
        .withFirstTimestamp(now)
        .withLastTimestamp(now)
        .withCount(1)
        .withNewSource()
        .withComponent(component)
        .endSource()
        .withReportingComponent(component)
        .withReportingInstance(instance)
        .build();
  }

  /** The same Event of the same object has one name, whichever replica writes it. */
  private String name(Event event) {
    Subject about = event.subject();
    String seed =
        String.join(
            "|",
            component,
            about.kind(),
            about.namespace(),
            about.name(),
            about.uid(),
            event.reason(),
            event.message());
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(seed.getBytes(StandardCharsets.UTF_8));
      String name = about.name();
      return name.substring(0, Math.min(name.length(), MAX_OBJECT_NAME))
          + "."
          + HexFormat.of().formatHex(hash, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has SHA-256
    }
  }
}
