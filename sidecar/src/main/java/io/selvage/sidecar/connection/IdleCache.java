// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.connection;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Values that are expensive enough to be kept between uses, and too many to be kept for ever. A
 * value in use is never dropped; beyond the capacity, or after a time without use, idle ones are.
 * Thread-safe.
 */
public final class IdleCache<K, V> {
  private final ConcurrentMap<K, Entry<V>> entries = new ConcurrentHashMap<>();
  private final Function<K, V> make;
  private final Consumer<V> drop;
  private final int capacity;
  private final LongSupplier nanoClock;

  /**
   * @param make a value for a key, quickly
   * @param drop hears of a value that nobody will be given any more, exactly once
   * @param capacity how many idle values a sweep leaves at most
   */
  public IdleCache(Function<K, V> make, Consumer<V> drop, int capacity, LongSupplier nanoClock) {
    this.make = make;
    this.drop = drop;
    this.capacity = capacity;
    this.nanoClock = nanoClock;
  }

  /** A use of a value; ends with {@link #release}, once. */
  public static final class Lease<V> {
    private final Entry<V> entry;
    private boolean released;

    private Lease(Entry<V> entry) {
      this.entry = entry;
    }

    public V value() {
      return entry.value;
    }

    /** The use has ended; further calls do nothing. On one thread. */
    public void release() {
      if (!released) {
        released = true;
        entry.leave();
      }
    }
  }

  private static final class Entry<V> {
    final V value;
    private final LongSupplier nanoClock;
    private int users;
    private long idleSince;
    private boolean dropped;

    Entry(V value, LongSupplier nanoClock) {
      this.value = value;
      this.nanoClock = nanoClock;
      this.idleSince = nanoClock.getAsLong();
    }

    synchronized boolean enter() {
      if (!dropped) {
        users++;
      }
      return !dropped;
    }

    synchronized void leave() {
      users--;
      idleSince = nanoClock.getAsLong();
    }

    /** Nanoseconds without use; negative while in use. */
    synchronized long idle(long now) {
      return users > 0 ? -1 : Math.max(0, now - idleSince);
    }

    synchronized boolean dropIfIdle() {
      if (users > 0 || dropped) {
        return false;
      }
      dropped = true;
      return true;
    }
  }

  /** The value of a key, made if there is none. */
  public Lease<V> lease(K key) {
    while (true) {
      Entry<V> entry = entries.computeIfAbsent(key, k -> new Entry<>(make.apply(k), nanoClock));
      if (entry.enter()) {
        return new Lease<>(entry);
      }
      entries.remove(key, entry);
    }
  }

  /** Number of values. */
  public int size() {
    return entries.size();
  }

  /** Drops what has been idle for this long, and beyond the capacity what has been longest. */
  public void sweep(long idleNanos) {
    sweep(idleNanos, capacity);
  }

  /** Drops what has been idle longest, until there are no more than {@code most} if possible. */
  public void trim(int most) {
    sweep(Long.MAX_VALUE, most);
  }

  private void sweep(long idleNanos, int most) {
    long now = nanoClock.getAsLong();
    List<Idle<K, V>> idle = new ArrayList<>();
    entries.forEach((key, entry) -> {
      long since = entry.idle(now);
      if (since >= 0) {
        idle.add(new Idle<>(key, entry, since));
      }
    });
    idle.sort(Comparator.comparingLong((Idle<K, V> one) -> one.since).reversed());
    int surplus = entries.size() - most;
    for (Idle<K, V> one : idle) {
      if (surplus <= 0 && one.since < idleNanos) {
        return;
      }
      if (one.entry.dropIfIdle()) {
        entries.remove(one.key, one.entry);
        drop.accept(one.entry.value);
        surplus--;
      }
    }
  }

  private record Idle<K, V>(K key, Entry<V> entry, long since) {}
}
