// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

/**
 * Translates the objects of one kind (or of a few that only make sense together). Processors run
 * one after another in a fixed order; each sees what the earlier ones built.
 *
 * <p>A user's mistake is a {@link CompileContext#report problem}, never an exception. An exception
 * is a bug: inside {@link CompileContext#each} it costs the one object, elsewhere what the
 * processor had still to do. Processors keep nothing between compilations except caches that cannot
 * change a result.
 */
public interface Processor {
  /** For messages about the processor itself, such as {@code ingress}. */
  String name();

  /** Translates all objects of its kind. Called on the compiling thread, once per compilation. */
  void process(CompileContext context);
}
