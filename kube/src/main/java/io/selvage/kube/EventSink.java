// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import static java.util.Objects.requireNonNull;

/** Where Kubernetes Events go. Returns at once; an Event that cannot be written is dropped. */
@FunctionalInterface
public interface EventSink {
  /** Takes an Event. */
  void record(Event event);

  /** A sink that forgets everything, for places without an API server. */
  static EventSink none() {
    return event -> {};
  }

  /** How serious it is; the API knows these two. */
  enum Type {
    NORMAL("Normal"),
    WARNING("Warning");

    private final String text;

    Type(String text) {
      this.text = text;
    }

    /** As the API writes it. */
    public String text() {
      return text;
    }
  }

  /**
   * The object an Event is about.
   *
   * @param namespace empty for a cluster-scoped object
   * @param uid empty if unknown
   */
  record Subject(String apiVersion, String kind, String namespace, String name, String uid) {
    public Subject {
      requireNonNull(apiVersion, "apiVersion");
      requireNonNull(kind, "kind");
      requireNonNull(namespace, "namespace");
      requireNonNull(name, "name");
      requireNonNull(uid, "uid");
    }
  }

  /**
   * Something that happened. The same again is counted in the same Event.
   *
   * @param reason one word in CamelCase
   * @param message for a person, cut off after 1024 characters
   */
  record Event(Subject subject, Type type, String reason, String message) {
    public Event {
      requireNonNull(subject, "subject");
      requireNonNull(type, "type");
      requireNonNull(reason, "reason");
      requireNonNull(message, "message");
    }
  }
}
