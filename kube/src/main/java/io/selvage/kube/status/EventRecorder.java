// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.selvage.kube.api.ApiServer;
import io.selvage.model.Problem;
import io.selvage.model.kube.ObjectRef;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;

/**
 * Problems as core {@code v1} Events. The name is derived from the object and the problem, so that
 * the same problem of the same object is one Event whose count grows, whichever replica saw it.
 */
final class EventRecorder {
  /** Names may have 253 characters; the object's own name gives way to the suffix. */
  private static final int MAX_OBJECT_NAME = 230;

  private final KubernetesClient client;
  private final String identity;

  EventRecorder(KubernetesClient client, String identity) {
    this.client = client;
    this.identity = identity;
  }

  /**
   * A problem to announce.
   *
   * @param apiVersion of the object's kind
   * @param uid of the object; empty if unknown
   */
  record Announcement(ObjectRef object, String apiVersion, String uid, Problem problem) {
    String text() {
      return problem.field().isEmpty()
          ? problem.message()
          : problem.field() + ": " + problem.message();
    }

    String namespace() {
      return object.namespace().isEmpty() ? "default" : object.namespace();
    }

    String eventName() {
      String seed = String.join("|", object.toString(), uid, problem.reason(), text());
      try {
        byte[] hash =
            MessageDigest.getInstance("SHA-256").digest(seed.getBytes(StandardCharsets.UTF_8));
        String name = object.name();
        return name.substring(0, Math.min(name.length(), MAX_OBJECT_NAME))
            + "."
            + HexFormat.of().formatHex(hash, 0, 8);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e); // every JDK has SHA-256
      }
    }
  }

  /**
   * Writes the Event or counts it once more.
   *
   * @throws KubernetesClientException if the API server did not take it
   */
  void announce(Announcement what) {
    var events = client.v1().events().inNamespace(what.namespace());
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    try {
      events.resource(event(what, now)).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
      Event existing = events.withName(what.eventName()).get();
      if (existing != null) {
        int count = existing.getCount() == null ? 1 : existing.getCount();
        existing.setCount(count + 1);
        existing.setLastTimestamp(now);
        events.resource(existing).update();
      }
    }
  }

  private Event event(Announcement what, String now) {
    String message = what.text();
    return new EventBuilder()
        .withNewMetadata()
        .withName(what.eventName())
        .withNamespace(what.namespace())
        .endMetadata()
        .withNewInvolvedObject()
        .withApiVersion(what.apiVersion())
        .withKind(what.object().kind())
        .withNamespace(what.object().namespace().isEmpty() ? null : what.object().namespace())
        .withName(what.object().name())
        .withUid(what.uid().isEmpty() ? null : what.uid())
        .endInvolvedObject()
        .withReason(what.problem().reason())
        .withMessage(message.length() > 1024 ? message.substring(0, 1024) : message)
        .withType("Warning")
        .withFirstTimestamp(now)
        .withLastTimestamp(now)
        .withCount(1)
        .withNewSource()
        .withComponent(ApiServer.USER_AGENT)
        .endSource()
        .withReportingComponent(ApiServer.USER_AGENT)
        .withReportingInstance(identity)
        .build();
  }
}
