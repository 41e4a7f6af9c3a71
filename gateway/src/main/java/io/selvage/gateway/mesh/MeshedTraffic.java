// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.mesh;

import io.selvage.gateway.app.TrafficPlane;
import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.model.Problem;
import io.selvage.model.routing.EndpointSet;
import io.selvage.model.routing.ListenerSpec;
import io.selvage.model.routing.RoutingModel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the data path who each endpoint is: sets pass through here on their way, and pass again
 * when the directory changes. Routes are not compiled for it.
 *
 * <p>Until the control plane has said for the first time which pods are meshed, no endpoint is
 * known to be plain, so there are none: requests are answered 503, and the gateway is not ready.
 */
public final class MeshedTraffic implements TrafficPlane {
  /** How often it is looked whether an endpoint has been waited for long enough. */
  static final Duration LOOK_EVERY = Duration.ofMillis(500);

  private static final Logger LOG = LoggerFactory.getLogger(MeshedTraffic.class);

  private final TrafficPlane dataPath;
  private final Pace pace;
  private final AtomicBoolean refreshing = new AtomicBoolean();
  private final Runnable endListening;

  // Guarded by this.
  private final Map<String, EndpointSet> plain = new HashMap<>();
  private final Map<String, EndpointSet> published = new HashMap<>();
  private final EndpointIdentities identities;
  private boolean looking;
  private boolean closed;

  /** Where and when changes of the directory are applied, which is never on event loops. */
  public interface Pace {
    long nanoTime();

    void soon(Runnable task);

    void after(Duration delay, Runnable task);

    /** That of a thread. */
    static Pace of(ScheduledExecutorService executor) {
      return new Pace() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public void soon(Runnable task) {
          run(() -> executor.execute(task));
        }

        @Override
        public void after(Duration delay, Runnable task) {
          run(() -> executor.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS));
        }

        private void run(Runnable handingOver) {
          try {
            handingOver.run();
          } catch (RejectedExecutionException e) {
            LOG.debug("the gateway is closing");
          }
        }
      };
    }
  }

  /**
   * @param connected whether the control plane is there
   */
  public MeshedTraffic(
      TrafficPlane dataPath, PodDirectory pods, BooleanSupplier connected, Pace pace) {
    this.dataPath = dataPath;
    this.pace = pace;
    this.identities = new EndpointIdentities(pods, connected, pace::nanoTime);
    this.endListening = pods.listen(this::onDirectory);
  }

  /** Number of endpoints nothing is sent to because nothing is known of them. */
  public synchronized int held() {
    return identities.held();
  }

  @Override
  public synchronized List<Problem> apply(RoutingModel model, Map<String, EndpointSet> endpoints) {
    var before = Map.copyOf(plain);
    plain.clear();
    plain.putAll(endpoints);
    published.clear();
    identities.retain(endpoints.values());
    endpoints.forEach((key, set) -> published.put(key, identities.of(set)));
    boolean applied = false;
    try {
      List<Problem> problems = dataPath.apply(model, published);
      applied = true;
      return problems;
    } finally {
      if (!applied) {
        // The model before goes on: its sets follow the directory on, and each is told again.
        before.forEach(plain::putIfAbsent);
        published.clear();
      }
      lookAgain();
    }
  }

  @Override
  public synchronized void updateEndpoints(Collection<EndpointSet> sets) {
    sets.forEach(set -> plain.put(set.key(), set));
    publish(sets);
    lookAgain();
  }

  private void publish(Collection<EndpointSet> sets) {
    var different = new ArrayList<EndpointSet>();
    for (EndpointSet set : sets) {
      EndpointSet identified = identities.of(set);
      if (!identified.equals(published.put(set.key(), identified))) {
        different.add(identified);
      }
    }
    if (!different.isEmpty()) {
      dataPath.updateEndpoints(different);
    }
  }

  /** Changes that come while one is being applied are applied once, after it. */
  private void onDirectory() {
    if (refreshing.compareAndSet(false, true)) {
      pace.soon(() -> {
        refreshing.set(false);
        refresh();
      });
    }
  }

  private synchronized void refresh() {
    if (!closed) {
      identities.retain(plain.values());
      publish(List.copyOf(plain.values()));
      lookAgain();
    }
  }

  private void lookAgain() {
    if (!looking && identities.held() > 0) {
      looking = true;
      pace.after(LOOK_EVERY, this::look);
    }
  }

  private synchronized void look() {
    looking = false;
    refresh();
  }

  @Override
  public int boundPort(ListenerSpec listener) {
    return dataPath.boundPort(listener);
  }

  @Override
  public void drain(Duration lameDuck, Duration atMost) {
    dataPath.drain(lameDuck, atMost);
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    endListening.run();
    dataPath.close();
  }
}
