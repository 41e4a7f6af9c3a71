// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit.netns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Packets on their way to and from a pod, recorded by tcpdump. */
public final class Capture {
  private final Running tcpdump;
  private final Path file;

  Capture(Running tcpdump, Path file) {
    this.tcpdump = tcpdump;
    this.file = file;
  }

  /** Ends the recording and returns what each TCP connection carried, one entry a direction. */
  public List<PacketFile.Flow> stop() {
    try {
      // The kernel hands packets over in blocks, and closes one that is not full at the second
      // tick of a one-second timer: what was sent last must still arrive.
      Thread.sleep(2_500);
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
}
