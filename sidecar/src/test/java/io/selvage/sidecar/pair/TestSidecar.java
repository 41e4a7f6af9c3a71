// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import io.selvage.sidecar.options.OptionException;
import io.selvage.sidecar.options.OptionParser;
import io.selvage.sidecar.process.SidecarProcess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/** A whole sidecar in this JVM, without redirection. */
final class TestSidecar implements AutoCloseable {
  private final SidecarProcess process;
  private final TestMesh.Member member;

  private TestSidecar(SidecarProcess process, TestMesh.Member member) {
    this.process = process;
    this.member = member;
  }

  /**
   * @param account whose certificate it has; empty = none yet
   * @param flags beside those every sidecar needs
   */
  static TestSidecar start(TestMesh mesh, String account, String... flags) throws IOException {
    var args = new ArrayList<>(List.of(flags));
    args.addAll(
        List.of("--control-plane=127.0.0.1:1", "--admin-port=0", "--admin-address=127.0.0.1"));
    var member = new AtomicReference<TestMesh.Member>();
    try {
      SidecarProcess process =
          SidecarProcess.start(
              OptionParser.parse(args, Map.of()),
              "test",
              (options, loops, tls) -> {
                member.set(
                    account.isEmpty()
                        ? mesh.stranger(options, loops)
                        : mesh.member(account, options, loops, tls));
                return member.get();
              });
      return new TestSidecar(process, member.get());
    } catch (OptionException e) {
      throw new IllegalArgumentException(e);
    }
  }

  SidecarProcess process() {
    return process;
  }

  TestMesh.Member member() {
    return member;
  }

  /** Port of the first inbound pair. */
  int inboundPort() {
    return process.inboundPorts().getFirst();
  }

  /** Port of the first outbound pair. */
  int outboundPort() {
    return process.outboundPorts().getFirst();
  }

  @Override
  public void close() {
    process.close();
  }
}
