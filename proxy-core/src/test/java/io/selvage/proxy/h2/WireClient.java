// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes frames byte by byte and reads frames back, for either side of a connection. Header blocks
 * are literals without a table, so that anything can be said; received ones are decoded by Netty's
 * decoder, an implementation that is not ours.
 */
final class WireClient implements AutoCloseable {
  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;
  private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, 1 << 20);

  /** One frame as received. */
  record Frame(int type, int flags, int stream, byte[] payload) {
    boolean has(int flag) {
      return (flags & flag) != 0;
    }

    int int32(int at) {
      return (payload[at] & 0xff) << 24
          | (payload[at + 1] & 0xff) << 16
          | (payload[at + 2] & 0xff) << 8
          | payload[at + 3] & 0xff;
    }

    @Override
    public String toString() {
      return "frame type "
          + type
          + " flags "
          + flags
          + " stream "
          + stream
          + " length "
          + payload.length
          + (type == Http2.GOAWAY ? " code " + int32(4) : "")
          + (type == Http2.RST_STREAM ? " code " + int32(0) : "");
    }
  }

  WireClient(Socket socket) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(30_000);
    in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
    out = new DataOutputStream(new java.io.BufferedOutputStream(socket.getOutputStream()));
  }

  /** A client that has sent nothing yet. */
  static WireClient raw(int port) throws IOException {
    return new WireClient(new Socket(InetAddress.getLoopbackAddress(), port));
  }

  /** A client whose preface and SETTINGS exchange is done. */
  static WireClient connect(int port) throws IOException {
    var c = raw(port);
    c.preface().settings();
    c.frame(Http2.SETTINGS, Http2.ACK, 0);
    c.flush();
    return c;
  }

  WireClient preface() throws IOException {
    out.write(Http2.PREFACE);
    return this;
  }

  WireClient bytes(byte... bytes) throws IOException {
    out.write(bytes);
    return this;
  }

  WireClient settings(int... pairs) throws IOException {
    var payload = new ByteArrayOutputStream();
    var d = new DataOutputStream(payload);
    for (int i = 0; i < pairs.length; i += 2) {
      d.writeShort(pairs[i]);
      d.writeInt(pairs[i + 1]);
    }
    return frame(Http2.SETTINGS, 0, 0, payload.toByteArray());
  }

  WireClient frame(int type, int flags, int stream, byte... payload) throws IOException {
    frameHeader(payload.length, type, flags, stream);
    out.write(payload);
    return this;
  }

  WireClient frameHeader(int length, int type, int flags, int stream) throws IOException {
    out.writeByte(length >>> 16);
    out.writeShort(length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    return this;
  }

  WireClient flush() throws IOException {
    out.flush();
    return this;
  }

  /** A GET that has only what is needed, with END_STREAM. */
  WireClient get(int stream, String path) throws IOException {
    return headers(stream, true, request("GET", path));
  }

  /** The four usual pseudo fields and {@code more} pairs of name and value. */
  static String[] request(String method, String path, String... more) {
    String[] all = new String[8 + more.length];
    String[] pseudo = {":method", method, ":scheme", "http", ":authority", "a.test", ":path", path};
    System.arraycopy(pseudo, 0, all, 0, 8);
    System.arraycopy(more, 0, all, 8, more.length);
    return all;
  }

  WireClient headers(int stream, boolean end, String... namesAndValues) throws IOException {
    return frame(
        Http2.HEADERS,
        Http2.END_HEADERS | (end ? Http2.END_STREAM : 0),
        stream,
        block(namesAndValues));
  }

  WireClient data(int stream, int length, boolean end) throws IOException {
    return frame(Http2.DATA, end ? Http2.END_STREAM : 0, stream, new byte[length]);
  }

  WireClient windowUpdate(int stream, int increment) throws IOException {
    return frame(Http2.WINDOW_UPDATE, 0, stream, int32(increment));
  }

  WireClient reset(int stream, int code) throws IOException {
    return frame(Http2.RST_STREAM, 0, stream, int32(code));
  }

  static byte[] int32(int v) {
    return new byte[] {(byte) (v >>> 24), (byte) (v >>> 16), (byte) (v >>> 8), (byte) v};
  }

  /** Literal fields without indexing or Huffman. */
  static byte[] block(String... namesAndValues) {
    var b = new ByteArrayOutputStream();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      b.write(0);
      string(b, namesAndValues[i]);
      string(b, namesAndValues[i + 1]);
    }
    return b.toByteArray();
  }

  private static void string(ByteArrayOutputStream b, String s) {
    byte[] bytes = s.getBytes(StandardCharsets.ISO_8859_1);
    int n = bytes.length;
    if (n < 127) {
      b.write(n);
    } else {
      b.write(127);
      n -= 127;
      while (n >= 128) {
        b.write(n & 127 | 128);
        n >>>= 7;
      }
      b.write(n);
    }
    b.writeBytes(bytes);
  }

  // ---- reading

  /** A server's side: reads the client's preface. */
  void skipPreface() throws IOException {
    byte[] preface = new byte[Http2.PREFACE.length];
    in.readFully(preface);
    assertThat(preface).isEqualTo(Http2.PREFACE);
  }

  Frame next() throws IOException {
    int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    int stream = in.readInt();
    byte[] payload = new byte[length];
    in.readFully(payload);
    return new Frame(type, flags, stream, payload);
  }

  /** The next frame that is not SETTINGS, WINDOW_UPDATE or PING. */
  Frame nextOfStreams() throws IOException {
    while (true) {
      Frame f = next();
      if (f.type() != Http2.SETTINGS && f.type() != Http2.WINDOW_UPDATE && f.type() != Http2.PING) {
        return f;
      }
    }
  }

  /** The next frame of this type; others before it are passed over. */
  Frame nextOf(int type) throws IOException {
    while (true) {
      Frame f = next();
      if (f.type() == type) {
        return f;
      }
    }
  }

  void expectReset(int stream, int code) throws IOException {
    flush();
    Frame f = nextOfStreams();
    assertThat(f.type()).as("RST_STREAM, but got %s", f).isEqualTo(Http2.RST_STREAM);
    assertThat(f.stream()).isEqualTo(stream);
    assertThat(f.int32(0)).as("error code").isEqualTo(code);
  }

  /** Passes over anything up to a GOAWAY with this code; then the connection must end. */
  void expectGoAway(int code) throws IOException {
    flush();
    Frame f = nextOf(Http2.GOAWAY);
    assertThat(f.int32(4)).as("error code").isEqualTo(code);
    expectClosed();
  }

  void expectClosed() throws IOException {
    try {
      while (true) {
        next();
      }
    } catch (EOFException | SocketException e) {
      // A FIN, or a reset because we had sent more than was read.
    }
  }

  /** Reads the HEADERS of a response and checks the status. */
  Map<String, String> expectStatus(int stream, int status) throws Exception {
    flush();
    Frame f = nextOfStreams();
    assertThat(f.type()).as("HEADERS, but got %s", f).isEqualTo(Http2.HEADERS);
    assertThat(f.stream()).isEqualTo(stream);
    Map<String, String> fields = decode(f);
    assertThat(fields.get(":status")).isEqualTo(Integer.toString(status));
    return fields;
  }

  /** Reads DATA up to END_STREAM and returns how many bytes came. */
  int readBody(int stream) throws IOException {
    int length = 0;
    while (true) {
      Frame f = nextOfStreams();
      assertThat(f.type()).as("DATA, but got %s", f).isEqualTo(Http2.DATA);
      assertThat(f.stream()).isEqualTo(stream);
      length += f.payload().length;
      if (f.has(Http2.END_STREAM)) {
        return length;
      }
    }
  }

  Map<String, String> decode(Frame f) throws Exception {
    var fields = new LinkedHashMap<String, String>();
    decoder
        .decodeHeaders(f.stream(), Unpooled.wrappedBuffer(f.payload()))
        .forEach(e -> fields.put(e.getKey().toString(), e.getValue().toString()));
    return fields;
  }

  /** A GET is still answered, so the connection is whole. */
  void expectAlive(int stream) throws Exception {
    get(stream, "/alive");
    expectStatus(stream, 200);
  }

  Socket socket() {
    return socket;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
