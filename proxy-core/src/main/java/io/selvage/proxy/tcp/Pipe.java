// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A kernel pipe, the vessel in which splice(2) moves bytes from socket to socket. Only directions
 * with bytes in the pipe hold one; a few empty ones are kept per event loop.
 */
record Pipe(FileDescriptor readEnd, FileDescriptor writeEnd) {
  private static final int KEPT_PER_LOOP = 16;

  private static final FastThreadLocal<Deque<Pipe>> KEPT =
      new FastThreadLocal<>() {
        @Override
        protected Deque<Pipe> initialValue() {
          return new ArrayDeque<>(KEPT_PER_LOOP);
        }

        @Override
        protected void onRemoval(Deque<Pipe> pipes) {
          pipes.forEach(Pipe::close);
        }
      };

  /** An empty pipe of this thread; null when there is no descriptor left for one. */
  static @Nullable Pipe take() {
    Pipe kept = KEPT.get().pollFirst();
    if (kept != null) {
      return kept;
    }
    try {
      FileDescriptor[] ends = FileDescriptor.pipe();
      return new Pipe(ends[0], ends[1]);
    } catch (IOException e) {
      return null;
    }
  }

  /** Gives an empty pipe back. */
  void giveBack() {
    Deque<Pipe> kept = KEPT.get();
    if (kept.size() < KEPT_PER_LOOP) {
      kept.addFirst(this);
    } else {
      close();
    }
  }

  /** For a pipe that may hold bytes of a broken connection. */
  void close() {
    try {
      readEnd.close();
    } catch (IOException e) {
      // Nothing is left to be done for a descriptor that will not close.
    }
    try {
      writeEnd.close();
    } catch (IOException e) {
      // As above.
    }
  }
}
