// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.compile;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.CompileOptions;
import io.selvage.gateway.translate.LastGood;
import io.selvage.gateway.translate.Processor;
import io.selvage.gateway.translate.SecretCache;
import io.selvage.model.Problem;
import io.selvage.model.kube.ClusterState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiles all objects of one moment into what the data path runs. The same state, options and
 * {@link LastGood} give an equal result, whatever was compiled before and in whatever order the
 * objects came; a user's mistake is a problem in the result, never an exception. Compilations of
 * one instance run one after another.
 */
public final class GatewayCompiler {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayCompiler.class);

  private final List<Processor> processors;
  private final SecretCache secrets = new SecretCache();

  /**
   * @param processors in the order they run
   */
  public GatewayCompiler(List<? extends Processor> processors) {
    this.processors = List.copyOf(processors);
  }

  /** A compiler for every kind Selvage translates. */
  public static GatewayCompiler standard() {
    return new GatewayCompiler(StandardProcessors.inOrder());
  }

  /** Compiles without memory: a broken Secret serves nothing. */
  public CompileResult compile(ClusterState state, CompileOptions options) {
    return compile(state, options, LastGood.none());
  }

  /**
   * Compiles.
   *
   * @param before {@link CompileResult#lastGood()} of the compilation before
   */
  public synchronized CompileResult compile(
      ClusterState state, CompileOptions options, LastGood before) {
    secrets.turn();
    var context = new CompileContext(state, options, secrets, before);
    var faults = new ArrayList<Problem>();
    for (Processor processor : processors) {
      try {
        processor.process(context);
      } catch (RuntimeException | StackOverflowError bug) {
        LOG.atError().addKeyValue("processor", processor.name()).setCause(bug).log("failed");
        faults.add(fault(processor, bug));
      }
    }
    var problems = new TreeSet<>(state.problems());
    problems.addAll(context.problems());
    problems.addAll(faults);
    return new CompileResult(
        context.model(),
        context.endpoints(),
        context.statuses(),
        List.copyOf(problems),
        context.secrets().good());
  }

  private static Problem fault(Processor processor, Throwable bug) {
    return new Problem(
        Problem.Severity.ERROR,
        Optional.empty(),
        Optional.empty(),
        "",
        CompileContext.INTERNAL_ERROR,
        "the processor " + processor.name() + " failed, which is a fault of Selvage: " + bug);
  }
}
