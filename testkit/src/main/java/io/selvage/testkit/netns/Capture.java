// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit.netns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** Packets on their way to and from a pod, recorded by tcpdump. */
public final class Capture {
  /**
   * The kernel hands packets over in blocks, and closes one that is not full at the second tick of
   * a one-second timer.
   */
  private static final Duration BLOCK = Duration.ofMillis(2_500);

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Where nobody is called otherwise: "discard". */
  private static final int MARK_PORT = 9;

  private final NetworkPod pod;
  private final NetworkPod node;
  private final Running tcpdump;
  private final Path file;

  Capture(NetworkPod pod, NetworkPod node, Running tcpdump, Path file) {
    this.pod = pod;
    this.node = node;
    this.tcpdump = tcpdump;
    this.file = file;
  }

  /** Ends the recording and returns what each TCP connection carried, one entry a direction. */
  public List<PacketFile.Flow> stop() {
    try {
      awaitMark();
      tcpdump.signal("INT");
      tcpdump.awaitEnd(Duration.ofSeconds(20));
      return PacketFile.read(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /**
   * Packets are recorded in their order: once one that is sent now is in the file, all that came
   * before it are, too, however late the machine lets tcpdump have them.
   */
  private void awaitMark() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!isMarked()) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException("tcpdump has recorded nothing for " + LIMIT);
      }
      // Whether it is answered or refused does not matter.
      node.run("timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/" + pod.address() + "/" + MARK_PORT);
      Thread.sleep(BLOCK.toMillis());
    }
  }

  /** Is there a packet to the mark's port? In IPv4 the ports follow the destination's address. */
  private boolean isMarked() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    byte[] address = InetAddress.ofLiteral(pod.address()).getAddress();
    for (int at = 0; at + address.length + 4 <= bytes.length; at++) {
      if (Arrays.equals(bytes, at, at + address.length, address, 0, address.length)
          && bytes[at + address.length + 2] == 0
          && bytes[at + address.length + 3] == MARK_PORT) {
        return true;
      }
    }
    return false;
  }
}
