// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.selvage.kube.KindSelection;
import io.selvage.kube.api.ObjectConversion.Converted;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One informer over one kind: lists, watches, and after a lost connection, an expired watch (410)
 * or an answer that makes no sense lists again. Objects are removed only by a delete event or by a
 * whole list without them, never by a list that failed.
 */
final class KindWatch implements ResourceEventHandler<GenericKubernetesResource>, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KindWatch.class);

  /** Takes what the informer finds, from any thread, in order for each kind. */
  interface Sink {
    void found(Converted object);

    void gone(ObjectRef ref);

    /**
     * A whole list was delivered.
     *
     * @param all what it held, if it was this watch's first; an object of the kind that is not
     *     among them is gone. Null afterwards, when every change comes by itself
     */
    void listed(Kind<?> kind, @Nullable Set<ObjectRef> all);
  }

  private final KindSelection.Entry entry;
  private final Duration listWithin;
  private final Kind<? extends KubeObject> kind;
  private final Sink sink;
  private final SharedIndexInformer<GenericKubernetesResource> informer;
  private volatile String trouble = "";
  private volatile boolean closed;
  private volatile boolean listed;

  /** When this watch last was seen to work ({@link System#nanoTime()}). */
  private volatile long lastGood = System.nanoTime();

  private volatile @Nullable String lastVersion;
  private volatile long lastMoved = System.nanoTime();

  /** What the first list has delivered so far; null once it is complete. */
  private @Nullable Set<ObjectRef> first = new HashSet<>();

  private KindWatch(
      KindSelection.Entry entry,
      Duration listWithin,
      Sink sink,
      SharedIndexInformer<GenericKubernetesResource> informer) {
    this.entry = entry;
    this.listWithin = listWithin;
    this.kind = entry.kind();
    this.sink = sink;
    this.informer = informer;
  }

  /**
   * Starts; the first list arrives later.
   *
   * @param again not the first watch of this kind: its list must not be older than what was read
   * @param listWithin how long its first list may take
   */
  static KindWatch start(
      KubernetesClient client,
      ResourceDefinitionContext where,
      KindSelection.Entry entry,
      Optional<String> namespace,
      boolean again,
      Duration listWithin,
      Sink sink) {
    var operation = client.genericKubernetesResources(where);
    Kind<? extends KubeObject> kind = entry.kind();
    SharedIndexInformer<GenericKubernetesResource> informer;
    if (entry.only().isPresent()) {
      KindSelection.Single only = entry.only().get();
      informer =
          (kind.namespaced() && !only.namespace().isEmpty()
                  ? operation.inNamespace(only.namespace())
                  : operation.inAnyNamespace())
              .withField("metadata.name", only.name())
              .runnableInformer(0);
    } else if (kind.equals(Kind.SECRET)) {
      // Releases of Helm are large and tokens are none of our business: they stay at the server.
      informer =
          (namespace.isPresent()
                  ? operation.inNamespace(namespace.get())
                  : operation.inAnyNamespace())
              .withoutField("type", "helm.sh/release.v1")
              .withoutField("type", "kubernetes.io/service-account-token")
              .runnableInformer(0);
    } else {
      informer =
          (namespace.isPresent() && kind.namespaced()
                  ? operation.inNamespace(namespace.get())
                  : operation.inAnyNamespace())
              .runnableInformer(0);
    }
    var watch = new KindWatch(entry, listWithin, sink, informer);
    informer.itemStore(new VersionStore());
    if (again) {
      // An initial state, even an empty one, makes the first list a consistent read.
      informer.initialState(Stream.empty());
    }
    informer.exceptionHandler((started, failure) -> watch.note(failure));
    informer.addEventHandler(watch);
    informer.start();
    return watch;
  }

  /** True while changes arrive. */
  boolean isWatching() {
    boolean watching = informer.isWatching();
    if (watching) {
      lastGood = System.nanoTime();
    }
    return watching;
  }

  /** How long its first list may take. */
  Duration listWithin() {
    return listWithin;
  }

  /** Whether its first list is complete. */
  boolean hasListed() {
    return listed;
  }

  /** How long no event and no bookmark has come, as far as it was asked. */
  Duration silentFor() {
    String version = informer.lastSyncResourceVersion();
    if (!Objects.equals(version, lastVersion)) {
      lastVersion = version;
      lastMoved = System.nanoTime();
    }
    return Duration.ofNanos(System.nanoTime() - lastMoved);
  }

  /** How long {@link #isWatching()} has been false, as far as it was asked. */
  Duration idleFor() {
    return Duration.ofNanos(System.nanoTime() - lastGood);
  }

  /** What went wrong last; empty if nothing did since the last list. */
  String trouble() {
    return trouble;
  }

  KindSelection.Entry entry() {
    return entry;
  }

  @Override
  public void onAdd(GenericKubernetesResource object) {
    deliver(object);
  }

  @Override
  public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource after) {
    deliver(after);
  }

  @Override
  public void onDelete(GenericKubernetesResource object, boolean deletedFinalStateUnknown) {
    if (!closed) {
      sink.gone(ObjectConversion.ref(kind, object));
    }
  }

  @Override
  public void onList(String resourceVersion, boolean remainedEmpty) {
    trouble = "";
    listed = true;
    if (!closed) {
      sink.listed(kind, first);
      first = null;
    }
  }

  @Override
  public void close() {
    closed = true;
    informer.stop();
  }

  private void deliver(GenericKubernetesResource object) {
    if (closed) {
      return;
    }
    Set<ObjectRef> list = first;
    if (list != null) {
      list.add(ObjectConversion.ref(kind, object));
    }
    try {
      sink.found(ObjectConversion.convert(kind, object));
    } catch (RuntimeException e) {
      // A mistake of ours costs this object, not the watch; what was live of it stays.
      log.error("cannot convert {}", ObjectConversion.ref(kind, object), e);
    }
  }

  /** Always tries again, whatever went wrong. */
  private boolean note(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null && !(cause instanceof KubernetesClientException)) {
      cause = cause.getCause();
    }
    String text =
        cause instanceof KubernetesClientException e && e.getCode() > 0
            ? "HTTP " + e.getCode()
            : cause.getClass().getSimpleName();
    if (!text.equals(trouble)) {
      log.warn("{} cannot be read, trying again: {}", kind.plural(), cause.toString());
    }
    trouble = text;
    return true;
  }
}
