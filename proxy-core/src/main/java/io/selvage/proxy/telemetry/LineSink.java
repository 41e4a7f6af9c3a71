// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes lines on a thread of its own. A slow disk or a blocked pipe costs lines, never requests:
 * what does not fit the queue is dropped and counted.
 */
public final class LineSink implements AutoCloseable {
  /** Lines that may wait; about 4 MB at usual lengths. */
  static final int CAPACITY = 8192;

  private static final Logger LOG = LoggerFactory.getLogger(LineSink.class);

  /** Ends the writer; no real line is empty. */
  private static final byte[] STOP = new byte[0];

  private final BlockingQueue<byte[]> queue;
  private final OutputStream out;
  private final LongAdder dropped = new LongAdder();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Thread writer;

  /** Takes over {@code out}, which is flushed after each batch and not closed. */
  public LineSink(OutputStream out) {
    this(out, CAPACITY);
  }

  LineSink(OutputStream out, int capacity) {
    this.out = out;
    this.queue = new ArrayBlockingQueue<>(capacity);
    this.writer = Thread.ofPlatform().name("access-log").daemon().start(this::run);
  }

  /** Hands a line over; from any thread, never blocks. */
  public void write(byte[] line) {
    if (closed.get() || !queue.offer(line)) {
      dropped.increment();
    }
  }

  /** Lines lost since the start. */
  public long dropped() {
    return dropped.sum();
  }

  private void run() {
    List<byte[]> batch = new ArrayList<>();
    boolean failing = false;
    while (true) {
      try {
        batch.clear();
        batch.add(queue.take());
        queue.drainTo(batch, 255);
        boolean stop = batch.removeIf(line -> line.length == 0);
        for (byte[] line : batch) {
          out.write(line);
        }
        out.flush();
        failing = false;
        if (stop) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (IOException e) {
        dropped.add(batch.size());
        if (!failing) {
          failing = true;
          LOG.atWarn().addKeyValue("error", e.toString()).log("the access log cannot be written");
        }
      }
    }
  }

  /** Writes what waits, for two seconds at most, and ends the thread. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      if (!queue.offer(STOP, 1, java.util.concurrent.TimeUnit.SECONDS)) {
        writer.interrupt();
      }
      writer.join(2_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
