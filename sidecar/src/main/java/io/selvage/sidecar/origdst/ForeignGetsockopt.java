// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.origdst;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.netty.util.concurrent.FastThreadLocal;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The C library's {@code getsockopt}, called through the foreign-function API. Thread-safe; the
 * memory for the answer is kept per thread.
 */
final class ForeignGetsockopt {
  /** Longest value, in bytes. */
  private static final int MAX_VALUE = 128;

  private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  /**
   * What came of a call.
   *
   * @param errno 0 = it succeeded
   * @param value empty unless it succeeded
   */
  record Answer(int errno, byte[] value) {}

  private final MethodHandle getsockopt;

  private final FastThreadLocal<Memory> memory =
      new FastThreadLocal<>() {
        @Override
        protected Memory initialValue() {
          return new Memory(Arena.ofAuto());
        }
      };

  /**
   * Links the function.
   *
   * @throws UnsupportedOperationException if there is none, or native access is denied
   */
  @SuppressWarnings("restricted")
  ForeignGetsockopt() {
    Linker linker = Linker.nativeLinker();
    MemorySegment function =
        linker
            .defaultLookup()
            .find("getsockopt")
            .orElseThrow(
                () -> new UnsupportedOperationException("the C library has no getsockopt"));
    try {
      getsockopt =
          linker.downcallHandle(
              function,
              FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS),
              Linker.Option.captureCallState("errno"));
    } catch (IllegalCallerException e) {
      throw new UnsupportedOperationException("native access is denied: " + e.getMessage(), e);
    }
  }

  /**
   * @param size of the value, at most 128 bytes
   */
  Answer ask(int fd, int level, int option, int size) {
    Memory mine = memory.get();
    mine.length.set(JAVA_INT, 0, size);
    int failed;
    try {
      failed =
          (int) getsockopt.invokeExact(mine.callState, fd, level, option, mine.value, mine.length);
    } catch (Throwable e) {
      throw new LinkageError("getsockopt cannot be called", e);
    }
    if (failed != 0) {
      return new Answer((int) ERRNO.get(mine.callState, 0L), new byte[0]);
    }
    int length = Math.min(mine.length.get(JAVA_INT, 0), size);
    return new Answer(0, mine.value.asSlice(0, length).toArray(JAVA_BYTE));
  }

  private static final class Memory {
    final MemorySegment callState;
    final MemorySegment value;
    final MemorySegment length;

    Memory(Arena arena) {
      callState = arena.allocate(CALL_STATE);
      value = arena.allocate(MAX_VALUE, 8);
      length = arena.allocate(JAVA_INT);
    }
  }
}
