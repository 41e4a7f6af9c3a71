// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.time;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The timers of one event loop, {@value #TICK_MILLIS} ms coarse and never early.
 *
 * <p>A deadline sits in the bucket of the moment it is next looked at, at most {@value
 * #HORIZON_SECONDS} s ahead. Moving it later than that moment only writes a field: the wheel
 * notices when it gets there and puts it further back. So a connection that goes from a 15 s
 * request timer to a 75 s idle timer and back, thousands of times a second, touches no list. The
 * loop is woken only for buckets that hold something.
 */
// Links and loops are compared by identity: two deadlines are never "equal".
@SuppressWarnings("ReferenceEquality")
public final class DeadlineWheel {
  private static final Logger log = LoggerFactory.getLogger(DeadlineWheel.class);

  static final long TICK_MILLIS = 10;
  static final int HORIZON_SECONDS = 5;

  private static final long TICK_NANOS = TICK_MILLIS * 1_000_000;
  private static final long HORIZON_TICKS = HORIZON_SECONDS * 1_000_000_000L / TICK_NANOS;
  // A power of two above the horizon, so that a bucket never holds two different ticks.
  private static final int BUCKETS = 1024;

  private static final FastThreadLocal<DeadlineWheel> CURRENT = new FastThreadLocal<>();

  private final EventLoop loop;
  private final LongSupplier nanoClock;
  private final long origin;
  private final Deadline[] buckets = new Deadline[BUCKETS];
  private long currentTick;
  private long wakeTick = Long.MAX_VALUE;
  private @Nullable Future<?> wake;

  /** A wheel of its own, for tests that bring a clock; {@link #advance} drives it. */
  public DeadlineWheel(EventLoop loop, LongSupplier nanoClock) {
    this.loop = loop;
    this.nanoClock = nanoClock;
    this.origin = nanoClock.getAsLong();
    for (int i = 0; i < BUCKETS; i++) {
      var head = new Head();
      head.previous = head;
      head.next = head;
      buckets[i] = head;
    }
  }

  /** The wheel of {@code loop}; called on that loop. */
  public static DeadlineWheel of(EventLoop loop) {
    DeadlineWheel wheel = CURRENT.getIfExists();
    if (wheel == null || wheel.loop != loop) {
      wheel = new DeadlineWheel(loop, System::nanoTime);
      CURRENT.set(wheel);
    }
    return wheel;
  }

  /** The clock deadlines are counted on, comparable with {@link System#nanoTime()}. */
  public long nanoTime() {
    return nanoClock.getAsLong();
  }

  /** Arms or moves: due {@code millis} from now; at most one tick late. */
  public void armMillis(Deadline deadline, long millis) {
    armAt(deadline, nanoClock.getAsLong() + millis * 1_000_000);
  }

  /** Arms or moves: due at {@code nanoTime} of {@link #nanoTime()}. */
  public void armAt(Deadline deadline, long nanoTime) {
    long at = nanoTime - origin;
    deadline.at = at;
    if (deadline.next == null || at < deadline.tick * TICK_NANOS) {
      place(deadline);
    }
  }

  /** Disarms but stays linked, for an owner that will arm again soon. A field write. */
  public void disarm(Deadline deadline) {
    deadline.at = Deadline.NEVER;
  }

  /** Disarms and forgets the object, for an owner that is done. */
  public void remove(Deadline deadline) {
    deadline.at = Deadline.NEVER;
    unlink(deadline);
  }

  /** Fires what is due. Called by the wheel's own wake-ups; tests with a clock call it. */
  public void advance() {
    long nowTick = (nanoClock.getAsLong() - origin) / TICK_NANOS;
    // After a long stall one turn of the wheel covers every bucket.
    long from = Math.max(currentTick, nowTick - BUCKETS + 1);
    for (long tick = from; tick <= nowTick; tick++) {
      currentTick = tick;
      drain(buckets[(int) (tick & (BUCKETS - 1))]);
    }
    currentTick = Math.max(currentTick, nowTick);
    wakeTick = Long.MAX_VALUE;
    wake = null;
    scheduleNext();
  }

  private void drain(Deadline head) {
    // Detached first: what fires may arm itself or others into this very bucket's next turn.
    Deadline first = head.next;
    if (first == null || first == head) {
      return;
    }
    long now = nanoClock.getAsLong() - origin;
    var work = new Head();
    spliceAll(head, work);
    while (true) {
      Deadline deadline = work.next;
      if (deadline == null || deadline == work) {
        return;
      }
      unlink(deadline);
      if (deadline.at <= now) {
        deadline.at = Deadline.NEVER;
        fire(deadline);
      } else if (deadline.at != Deadline.NEVER) {
        place(deadline);
      }
    }
  }

  /** What goes wrong in one owner must not stop the timers of the whole loop. */
  private static void fire(Deadline deadline) {
    try {
      deadline.onDeadline();
    } catch (RuntimeException e) {
      log.atError().setCause(e).log("a deadline's owner failed");
    }
  }

  private void place(Deadline deadline) {
    unlink(deadline);
    long nowTick = (nanoClock.getAsLong() - origin) / TICK_NANOS;
    // Rounded up, so that nothing fires early.
    long due = Math.floorDiv(deadline.at + TICK_NANOS - 1, TICK_NANOS);
    long tick = Math.max(currentTick + 1, Math.min(due, nowTick + HORIZON_TICKS));
    deadline.tick = tick;
    Deadline head = buckets[(int) (tick & (BUCKETS - 1))];
    Deadline last = head.previous;
    deadline.previous = last;
    deadline.next = head;
    if (last != null) {
      last.next = deadline;
    }
    head.previous = deadline;
    if (tick < wakeTick) {
      wakeAt(tick);
    }
  }

  private void scheduleNext() {
    for (long tick = currentTick + 1; tick <= currentTick + BUCKETS; tick++) {
      Deadline head = buckets[(int) (tick & (BUCKETS - 1))];
      if (head.next != head) {
        if (tick < wakeTick) {
          wakeAt(tick);
        }
        return;
      }
    }
  }

  private void wakeAt(long tick) {
    if (wake != null) {
      wake.cancel(false);
    }
    wakeTick = tick;
    long delay = origin + tick * TICK_NANOS - nanoClock.getAsLong();
    wake = loop.schedule(this::advance, Math.max(0, delay), TimeUnit.NANOSECONDS);
  }

  private static void unlink(Deadline deadline) {
    Deadline previous = deadline.previous;
    Deadline next = deadline.next;
    if (previous != null && next != null) {
      previous.next = next;
      next.previous = previous;
    }
    deadline.previous = null;
    deadline.next = null;
  }

  private static void spliceAll(Deadline from, Deadline to) {
    Deadline first = from.next;
    Deadline last = from.previous;
    if (first != null && last != null) {
      to.next = first;
      first.previous = to;
      to.previous = last;
      last.next = to;
    }
    from.next = from;
    from.previous = from;
  }

  /** Head of a bucket's ring. */
  private static final class Head extends Deadline {
    @Override
    protected void onDeadline() {
      throw new AssertionError("the head of a bucket is never due");
    }
  }
}
