// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

import static java.util.Objects.requireNonNull;

import io.selvage.controlplane.link.IpLiteral;
import io.selvage.controlplane.link.PodDirectory;
import io.selvage.controlplane.policy.InboundPolicies;
import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateListener;
import io.selvage.model.Problem;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.PodRef;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Discovery and policy as a part of the process: one thread owns the index, everybody else asks and
 * is told. All methods may be called from any thread and return at once.
 */
public final class DiscoveryService implements ClusterStateListener, PodDirectory, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DiscoveryService.class);

  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("selvage-discovery").daemon().factory());
  private final ClusterReader reader;
  private final InboundPolicies policies;
  private final AddressDirectory workloads = new AddressDirectory();
  private final DiscoveryIndex index = new DiscoveryIndex(workloads::answer);
  private final ConcurrentHashMap<PodRef, PodFacts> pods = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<PodRef, List<PodListener>> podListeners =
      new ConcurrentHashMap<>();
  private final AtomicLong published = new AtomicLong();
  private final Consumer<List<Problem>> problems;
  private volatile boolean synced;
  private volatile int targets;

  /** Told on the writer's thread that a pod has appeared, changed or gone; must return at once. */
  @FunctionalInterface
  public interface PodListener {
    void changed();
  }

  /**
   * @param trustDomain of all identities
   * @param namespace the control plane's own, which marks its pods
   * @param problems told on the writer's thread of all problems, whenever they have changed
   */
  public DiscoveryService(
      String trustDomain,
      String namespace,
      InboundPolicies policies,
      Consumer<List<Problem>> problems) {
    this.policies = requireNonNull(policies, "policies");
    this.problems = requireNonNull(problems, "problems");
    this.reader =
        new ClusterReader(new PodReader(trustDomain, namespace, policies), index, this::podChanged);
  }

  @Override
  public void onChange(ClusterChange change) {
    execute(() -> apply(change));
  }

  private void apply(ClusterChange change) {
    boolean problemsChanged = reader.apply(change);
    published.addAndGet(index.publish());
    problemsChanged |= reader.noteConflicts();
    workloads.publish();
    if (problemsChanged) {
      problems.accept(reader.problems());
    }
    synced = true;
  }

  /** Whether the first state was taken in. */
  public boolean isSynced() {
    return synced;
  }

  private void podChanged(PodRef ref, @Nullable PodFacts before, @Nullable PodFacts now) {
    if (now == null) {
      pods.remove(ref);
    } else {
      pods.put(ref, now);
    }
    workloads.change(before, now);
    podListeners.getOrDefault(ref, List.of()).forEach(PodListener::changed);
  }

  /**
   * Begins a watch.
   *
   * @param address IP literal
   * @param node of whoever asks; empty = unknown
   * @param listener told of the first view too
   * @return empty if the address is no IP literal
   */
  public Optional<Watch> watch(String address, int port, String node, Watch.Listener listener) {
    Optional<String> canonical = IpLiteral.canonical(address);
    if (canonical.isEmpty()) {
      return Optional.empty();
    }
    var watch = new Watch(listener);
    execute(() -> {
      index.watch(watch, canonical.get(), address, port, node);
      targets = index.targets();
    });
    return Optional.of(watch);
  }

  /** Ends a watch; its listener may be told once more. */
  public void unwatch(Watch watch) {
    execute(() -> {
      index.unwatch(watch);
      targets = index.targets();
    });
  }

  /** What is known of a pod. */
  public Optional<PodFacts> pod(PodRef ref) {
    return Optional.ofNullable(pods.get(ref));
  }

  /** Settings for a proxy whose pod is not known. */
  public InboundSettings unknownPod() {
    return policies.unknownPod();
  }

  /** Tells {@code listener} of changes of a pod from now on. */
  public void listen(PodRef pod, PodListener listener) {
    podListeners.compute(
        pod,
        (p, known) ->
            known == null
                ? List.of(listener)
                : Stream.concat(known.stream(), Stream.of(listener)).toList());
  }

  /** Ends {@link #listen}. */
  public void unlisten(PodRef pod, PodListener listener) {
    podListeners.computeIfPresent(
        pod,
        (p, known) -> {
          List<PodListener> rest = known.stream().filter(l -> !l.equals(listener)).toList();
          return rest.isEmpty() ? null : rest;
        });
  }

  /** The meshed pods, for gateways. */
  public AddressDirectory workloads() {
    return workloads;
  }

  @Override
  public Optional<PodRef> podAt(String address) {
    return IpLiteral.canonical(address).flatMap(workloads::podAt);
  }

  /** Addresses and ports that are watched by anybody. */
  public int targets() {
    return targets;
  }

  /** Views that changed and were told to those who watch them, so far. */
  public long published() {
    return published.get();
  }

  /** Pods known. */
  public int pods() {
    return pods.size();
  }

  private void execute(Runnable task) {
    try {
      writer.execute(() -> {
        try {
          task.run();
        } catch (RuntimeException e) {
          LOG.error("discovery failed at one change and goes on with the next", e);
        }
      });
    } catch (RejectedExecutionException e) {
      LOG.debug("discovery is closed");
    }
  }

  @Override
  public void close() {
    writer.shutdown();
    try {
      if (!writer.awaitTermination(5, TimeUnit.SECONDS)) {
        writer.shutdownNow();
      }
    } catch (InterruptedException e) {
      writer.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
