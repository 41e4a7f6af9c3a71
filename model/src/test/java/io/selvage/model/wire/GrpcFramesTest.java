// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.mesh.MeshProtocol;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GrpcFramesTest {
  private final GrpcFrames frames = new GrpcFrames();
  private final List<byte[]> messages = new ArrayList<>();

  private void read(byte[] bytes, int offset, int count) throws WireException {
    frames.read(bytes, offset, count, messages::add);
  }

  @Test
  void messagesComeOutWhereverTheStreamIsCut() throws WireException {
    var random = new Random(3);
    var stream = new ByteArrayOutputStream();
    var sent = new ArrayList<byte[]>();
    for (int i = 0; i < 200; i++) {
      byte[] message = new byte[i % 10 == 0 ? 0 : random.nextInt(40_000)];
      random.nextBytes(message);
      sent.add(message);
      stream.writeBytes(GrpcFrames.frame(message));
    }
    byte[] all = stream.toByteArray();
    for (int at = 0; at < all.length; ) {
      int piece = Math.min(all.length - at, 1 + random.nextInt(20_000));
      read(all, at, piece);
      at += piece;
    }
    assertThat(frames.isAtBoundary()).isTrue();
    assertThat(messages).containsExactlyElementsOf(sent);
  }

  @Test
  void knowsWhenAMessageIsCutOff() throws WireException {
    byte[] frame = GrpcFrames.frame(new byte[] {1, 2, 3});
    read(frame, 0, 3);
    assertThat(frames.isAtBoundary()).isFalse();
    read(frame, 3, 4);
    assertThat(frames.isAtBoundary()).isFalse();
    read(frame, 7, 1);
    assertThat(frames.isAtBoundary()).isTrue();
  }

  @Test
  void compressionIsRefused() {
    assertThatThrownBy(() -> read(new byte[] {1, 0, 0, 0, 0}, 0, 5))
        .isInstanceOf(WireException.class)
        .hasMessage("gRPC frame: compressed flag 1, wanted 0");
  }

  @Test
  void theLargestMessageFitsAndNoneAbove() throws WireException {
    byte[] largest = GrpcFrames.frame(new byte[MeshProtocol.MAX_MESSAGE_BYTES]);
    read(largest, 0, largest.length);
    assertThat(messages).hasSize(1);
    byte[] more = GrpcFrames.frame(new byte[MeshProtocol.MAX_MESSAGE_BYTES + 1]);
    assertThatThrownBy(() -> read(more, 0, 5))
        .isInstanceOf(WireException.class)
        .hasMessage("gRPC frame: 4194305 bytes are above 4194304");
    byte[] negative = {0, -1, -1, -1, -1};
    assertThatThrownBy(() -> new GrpcFrames().read(negative, 0, 5, messages::add))
        .isInstanceOf(WireException.class);
  }
}
