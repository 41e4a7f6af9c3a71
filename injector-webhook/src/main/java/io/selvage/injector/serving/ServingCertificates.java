// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.serving;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.injector.Reconciler;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.NamedObjects;
import io.selvage.kube.api.NamedObjects.Type;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the webhook's certificate in a Secret that all replicas share, renews it in time, and keeps
 * the API server's registration of the webhook believing it, whoever changes either. Everything
 * happens on one thread of its own; what it reads is looked at again when it changes and every
 * minute.
 */
public final class ServingCertificates implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ServingCertificates.class);
  private static final Duration LOOK_EVERY = Duration.ofMinutes(1);
  private static final Duration RETRY = Duration.ofSeconds(2);
  private static final int MAX_CONFLICTS = 5;

  private final NamedObjects objects;
  private final Options options;
  private final ServingAuthority authority;
  private final Consumer<ServingMaterial> listener;
  private final Clock clock;
  private final Reconciler reconciler =
      new Reconciler("serving-certificates", Duration.ofMillis(50), RETRY, this::reconcile);
  private final List<AutoCloseable> watches = new ArrayList<>();

  // Confined to the reconciler's thread.
  private @Nullable ServingMaterial served;
  private @Nullable ServingMaterial waiting;
  private String lastTrouble = "";

  private volatile boolean registered;

  /**
   * Where things are.
   *
   * @param namespace of the Secret
   * @param secret its name
   * @param registration name of the MutatingWebhookConfiguration
   * @param names DNS names and IP addresses the webhook is called by
   * @param overlap how long a new authority is announced before it is used
   */
  public record Options(
      String namespace, String secret, String registration, List<String> names, Duration overlap) {
    public Options {
      requireNonNull(namespace, "namespace");
      requireNonNull(secret, "secret");
      requireNonNull(registration, "registration");
      names = List.copyOf(names);
      requireNonNull(overlap, "overlap");
    }
  }

  private ServingCertificates(
      NamedObjects objects, Options options, Clock clock, Consumer<ServingMaterial> listener) {
    this.objects = objects;
    this.options = options;
    this.authority = new ServingAuthority(options.names());
    this.clock = clock;
    this.listener = listener;
  }

  /**
   * Starts; an API server that is away is asked again until it answers.
   *
   * @param listener told of the first certificate and of each newer one, on a thread of its own
   */
  public static ServingCertificates start(
      NamedObjects objects, Options options, Clock clock, Consumer<ServingMaterial> listener) {
    var certificates = new ServingCertificates(objects, options, clock, listener);
    certificates.watches.add(
        objects.watch(
            Type.SECRET,
            options.namespace(),
            options.secret(),
            o -> certificates.reconciler.ask()));
    certificates.watches.add(
        objects.watch(
            Type.MUTATING_WEBHOOK, "", options.registration(), o -> certificates.reconciler.ask()));
    certificates.reconciler.every(LOOK_EVERY);
    return certificates;
  }

  /** Whether the API server's registration of the webhook is there and believes us. */
  public boolean isRegistered() {
    return registered;
  }

  @Override
  public void close() {
    reconciler.close();
    for (AutoCloseable watch : watches) {
      try {
        watch.close();
      } catch (Exception e) {
        log.debug("a watch did not end well", e);
      }
    }
  }

  /** Says when to try again; empty if all is well. */
  private Optional<Duration> reconcile() {
    try {
      ServingMaterial wanted = stored();
      registered = announce(wanted);
      serve(wanted);
      lastTrouble = "";
      return Optional.empty();
    } catch (ApiCallException e) {
      String trouble = String.valueOf(e.getMessage());
      if (!trouble.equals(lastTrouble)) {
        log.warn("the serving certificate cannot be looked after, trying again: {}", trouble);
      }
      lastTrouble = trouble;
      return Optional.of(RETRY);
    }
  }

  /** The Secret's content, made or renewed first where that is due. */
  private ServingMaterial stored() {
    for (int attempt = 1; ; attempt++) {
      Optional<ObjectNode> secret = objects.get(Type.SECRET, options.namespace(), options.secret());
      Optional<ServingMaterial> current = secret.flatMap(this::usable);
      // A Secret that was lost or spoilt is made again from what is served and believed already.
      Optional<ServingMaterial> known = current.or(() -> Optional.ofNullable(served));
      ServingMaterial next = authority.next(known, clock.instant());
      if (current.isPresent() && next.equals(current.get())) {
        return next;
      }
      try {
        store(secret, next);
        log.info("stored a serving certificate, until {}", next.notAfter());
        return next;
      } catch (ApiCallException e) {
        // Another replica was faster: its certificate is as good.
        if (!e.isConflict() || attempt == MAX_CONFLICTS) {
          throw e;
        }
      }
    }
  }

  private Optional<ServingMaterial> usable(JsonNode secret) {
    return switch (ServingMaterial.of(secret)) {
      case ServingMaterial.Parsed.Accepted(var material) -> Optional.of(material);
      case ServingMaterial.Parsed.Rejected(String reason) -> {
        log.warn(
            "the Secret {}/{} is not usable and is replaced: {}",
            options.namespace(),
            options.secret(),
            reason);
        yield Optional.empty();
      }
    };
  }

  private void store(Optional<ObjectNode> existing, ServingMaterial material) {
    if (existing.isPresent()) {
      ObjectNode secret = existing.get();
      material.writeTo(secret);
      objects.replace(Type.SECRET, secret);
      return;
    }
    ObjectNode secret = JsonNodeFactory.instance.objectNode();
    ObjectNode metadata = secret.putObject("metadata");
    metadata.put("namespace", options.namespace()).put("name", options.secret());
    metadata.putObject("labels").put("app.kubernetes.io/managed-by", "selvage");
    secret.put("type", "kubernetes.io/tls");
    material.writeTo(secret);
    objects.create(Type.SECRET, secret);
  }

  /** Writes our authorities into the registration where they are not; false if there is none. */
  private boolean announce(ServingMaterial material) {
    Optional<ObjectNode> found = objects.get(Type.MUTATING_WEBHOOK, "", options.registration());
    if (found.isEmpty()) {
      if (registered || served == null) {
        log.warn(
            "there is no MutatingWebhookConfiguration {}: the API server does not call",
            options.registration());
      }
      return false;
    }
    String bundle = material.caBundle();
    boolean changed = false;
    for (JsonNode webhook : found.get().path("webhooks")) {
      if (webhook.get("clientConfig") instanceof ObjectNode client
          && !bundle.equals(client.path("caBundle").asText(""))) {
        client.put("caBundle", bundle);
        changed = true;
      }
    }
    if (changed) {
      objects.replace(Type.MUTATING_WEBHOOK, found.get());
      log.info("the MutatingWebhookConfiguration {} believes us now", options.registration());
    }
    return true;
  }

  private void serve(ServingMaterial wanted) {
    ServingMaterial now = served;
    if (wanted.equals(now) || wanted.equals(waiting)) {
      return;
    }
    if (now == null || wanted.isBelievedBy(Optional.of(now))) {
      hand(wanted);
      return;
    }
    // A new authority: the API server's replicas have to hear of it first.
    waiting = wanted;
    reconciler.later(
        options.overlap(),
        () -> {
          if (wanted.equals(waiting)) {
            hand(wanted);
          }
        });
  }

  private void hand(ServingMaterial material) {
    served = material;
    waiting = null;
    try {
      listener.accept(material);
    } catch (RuntimeException e) {
      log.error("the new serving certificate cannot be used", e);
    }
  }
}
