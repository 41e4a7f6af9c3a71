// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.MeshProtocol;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * gRPC's frames in a stream of bytes: one byte that says whether the message is compressed, four
 * with its length, then the message (gRPC over HTTP2, "Length-Prefixed-Message"). Nothing here is
 * ever compressed. One instance reads one stream; not thread-safe.
 */
public final class GrpcFrames {
  private static final int PREFIX = 5;

  /** A sender that names a length does not own as much memory before it has sent it. */
  private static final int FIRST_BYTES = 8 * 1024;

  private final byte[] prefix = new byte[PREFIX];
  private int prefixLength;
  private byte @Nullable [] body;
  private int bodyLength;
  private int length;

  /** Takes the messages of {@link #read}. */
  @FunctionalInterface
  public interface Receiver {
    void onMessage(byte[] message) throws WireException;
  }

  /** {@code message} with its prefix. */
  public static byte[] frame(byte[] message) {
    byte[] framed = new byte[PREFIX + message.length];
    framed[1] = (byte) (message.length >>> 24);
    framed[2] = (byte) (message.length >>> 16);
    framed[3] = (byte) (message.length >>> 8);
    framed[4] = (byte) message.length;
    System.arraycopy(message, 0, framed, PREFIX, message.length);
    return framed;
  }

  /**
   * Takes the next bytes of the stream and hands over each message they complete.
   *
   * @throws WireException for a compressed message, one above {@link
   *     MeshProtocol#MAX_MESSAGE_BYTES}, and what {@code receiver} throws; the stream cannot be
   *     read on
   */
  public void read(byte[] bytes, int offset, int count, Receiver receiver) throws WireException {
    int position = offset;
    int end = offset + count;
    while (true) {
      byte[] message = body;
      if (message == null) {
        while (prefixLength < PREFIX && position < end) {
          prefix[prefixLength++] = bytes[position++];
        }
        if (prefixLength < PREFIX) {
          return;
        }
        length = announcedLength();
        message = new byte[Math.min(length, FIRST_BYTES)];
        bodyLength = 0;
      }
      int take = Math.min(length - bodyLength, end - position);
      if (bodyLength + take > message.length) {
        int wanted = Math.max(2 * message.length, bodyLength + take);
        message = Arrays.copyOf(message, Math.min(length, wanted));
      }
      System.arraycopy(bytes, position, message, bodyLength, take);
      bodyLength += take;
      position += take;
      if (bodyLength < length) {
        body = message;
        return;
      }
      body = null;
      prefixLength = 0;
      receiver.onMessage(message);
    }
  }

  /** False in the middle of a message: a stream that ends here has been cut off. */
  public boolean isAtBoundary() {
    return prefixLength == 0;
  }

  private int announcedLength() throws WireException {
    if (prefix[0] != 0) {
      throw new WireException("gRPC frame: compressed flag " + (prefix[0] & 0xff) + ", wanted 0");
    }
    long announced =
        (prefix[1] & 0xffL) << 24
            | (prefix[2] & 0xffL) << 16
            | (prefix[3] & 0xffL) << 8
            | (prefix[4] & 0xffL);
    if (announced > MeshProtocol.MAX_MESSAGE_BYTES) {
      throw new WireException(
          "gRPC frame: " + announced + " bytes are above " + MeshProtocol.MAX_MESSAGE_BYTES);
    }
    return (int) announced;
  }
}
