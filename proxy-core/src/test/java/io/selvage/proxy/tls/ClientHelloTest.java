// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.selvage.proxy.tls.ClientHello.State;
import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestTls;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;

class ClientHelloTest {
  private static final int LIMIT = 16 * 1024;
  private static final byte[] HELLO = jdkHello("Www.Example.com");

  @Test
  void readsTheNameInLowerCase() {
    ClientHello hello = new ClientHello(LIMIT);
    assertThat(hello.read(Unpooled.wrappedBuffer(HELLO))).isEqualTo(State.COMPLETE);
    assertThat(hello.serverName()).isEqualTo("www.example.com");
  }

  @Test
  void readsAHelloWithoutAName() {
    ClientHello hello = new ClientHello(LIMIT);
    assertThat(hello.read(Unpooled.wrappedBuffer(jdkHello(null)))).isEqualTo(State.COMPLETE);
    assertThat(hello.serverName()).isNull();
  }

  @Test
  void readsTheProtocolsOfferedInTheirOrder() {
    ClientHello hello = new ClientHello(LIMIT);
    byte[] bytes = jdkHello("a.example", "selvage/tcp", "h2", "\u00e9");
    assertThat(hello.read(Unpooled.wrappedBuffer(bytes))).isEqualTo(State.COMPLETE);
    assertThat(hello.protocols()).containsExactly("selvage/tcp", "h2", "\u00e9");
    assertThat(hello.serverName()).isEqualTo("a.example");
    ClientHello without = new ClientHello(LIMIT);
    assertThat(without.read(Unpooled.wrappedBuffer(HELLO))).isEqualTo(State.COMPLETE);
    assertThat(without.protocols()).isEmpty();
  }

  @Test
  void keepsSixteenProtocolsAndLeavesTheRest() {
    for (int count : new int[] {16, 17}) {
      String[] offered = new String[count];
      for (int i = 0; i < count; i++) {
        offered[i] = "p" + i;
      }
      ClientHello hello = new ClientHello(LIMIT);
      assertThat(hello.read(Unpooled.wrappedBuffer(jdkHello(null, offered))))
          .isEqualTo(State.COMPLETE);
      assertThat(hello.protocols()).hasSize(16).startsWith("p0").endsWith("p15");
    }
  }

  @Test
  void refusesListsOfProtocolsThatAreNone() {
    byte[][] lists = {
      {}, // no length
      {0}, // half a length
      {0, 0}, // an empty list
      {0, 1, 0}, // an empty name
      {0, 3, 2, 'h', '2', 0}, // bytes behind the list
      {0, 4, 2, 'h', '2'}, // a list longer than its extension
      {0, 3, 3, 'h', '2'}, // a name longer than its list
      {0, 4, 2, 'h', '2', 1}, // a name cut off
    };
    for (byte[] list : lists) {
      byte[] bytes = withExtensions(new byte[][] {list});
      assertThat(new ClientHello(LIMIT).read(Unpooled.wrappedBuffer(bytes)))
          .as(Arrays.toString(list))
          .isEqualTo(State.MALFORMED);
    }
    byte[] good = {0, 3, 2, 'h', '2'};
    assertThat(read(withExtensions(new byte[][] {good}))).isEqualTo(State.COMPLETE);
    assertThat(read(withExtensions(new byte[][] {good, good})))
        .as("twice")
        .isEqualTo(State.MALFORMED);
  }

  private static State read(byte[] bytes) {
    return new ClientHello(LIMIT).read(Unpooled.wrappedBuffer(bytes));
  }

  /** One record with a hello that has these ALPN extensions and no other. */
  private static byte[] withExtensions(byte[][] lists) {
    ByteArrayOutputStream extensions = new ByteArrayOutputStream();
    for (byte[] list : lists) {
      extensions.writeBytes(new byte[] {0, 16, 0, (byte) list.length});
      extensions.writeBytes(list);
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(new byte[] {3, 3});
    body.writeBytes(new byte[33]);
    body.writeBytes(new byte[] {0, 2, 0x13, 1, 1, 0, 0, (byte) extensions.size()});
    body.writeBytes(extensions.toByteArray());
    ByteBuf record = Unpooled.buffer();
    byte[] message = new byte[4 + body.size()];
    message[0] = 1;
    message[3] = (byte) body.size();
    System.arraycopy(body.toByteArray(), 0, message, 4, body.size());
    record(record, message, 0, message.length);
    byte[] bytes = new byte[record.readableBytes()];
    record.readBytes(bytes);
    return bytes;
  }

  @Test
  void doesNotConsumeWhatItReads() {
    ByteBuf in = Unpooled.wrappedBuffer(HELLO);
    new ClientHello(LIMIT).read(in);
    assertThat(in.readableBytes()).isEqualTo(HELLO.length);
  }

  @Test
  void readsAHelloCutIntoSegmentsAtEveryByte() {
    for (int cut = 1; cut < HELLO.length; cut++) {
      ByteBuf in = Unpooled.buffer();
      ClientHello hello = new ClientHello(LIMIT);
      in.writeBytes(HELLO, 0, cut);
      assertThat(hello.read(in)).as("cut at %s", cut).isEqualTo(State.INCOMPLETE);
      in.writeBytes(HELLO, cut, HELLO.length - cut);
      assertThat(hello.read(in)).isEqualTo(State.COMPLETE);
      assertThat(hello.serverName()).isEqualTo("www.example.com");
    }
  }

  @Test
  void readsAHelloCutIntoRecordsAtEveryByte() {
    byte[] message = Arrays.copyOfRange(HELLO, 5, HELLO.length);
    for (int cut = 1; cut < message.length; cut++) {
      ByteBuf in = Unpooled.buffer();
      record(in, message, 0, cut);
      record(in, message, cut, message.length - cut);
      ClientHello hello = new ClientHello(LIMIT);
      assertThat(hello.read(in)).as("cut at %s", cut).isEqualTo(State.COMPLETE);
      assertThat(hello.serverName()).isEqualTo("www.example.com");
    }
  }

  @Test
  void acceptsAHelloOfTheGreatestLengthAndRefusesOneByteMore() {
    for (int extra : new int[] {0, 1}) {
      ByteBuf in = Unpooled.buffer();
      byte[] message = padded(LIMIT + extra);
      record(in, message, 0, 1 << 14);
      record(in, message, 1 << 14, message.length - (1 << 14));
      assertThat(new ClientHello(LIMIT).read(in))
          .isEqualTo(extra == 0 ? State.COMPLETE : State.TOO_LONG);
    }
  }

  @Test
  void refusesAClaimOfSixteenMegabytesAtOnce() {
    byte[] claim = {0x16, 3, 1, 0, 4, 1, (byte) 0xff, (byte) 0xff, (byte) 0xff};
    assertThat(new ClientHello(LIMIT).read(Unpooled.wrappedBuffer(claim)))
        .isEqualTo(State.TOO_LONG);
  }

  @Test
  void boundsTheCostOfTinyRecords() {
    byte[] message = padded(LIMIT);
    ByteBuf in = Unpooled.buffer();
    for (int i = 0; i < message.length; i++) {
      record(in, message, i, 1);
    }
    assertThat(new ClientHello(LIMIT).read(in)).isEqualTo(State.TOO_LONG);
  }

  @Test
  void refusesWhatIsNoHello() {
    for (byte[] bytes :
        List.of(
            new byte[] {'G', 'E', 'T', ' ', '/'},
            new byte[] {0x16, 2, 0, 0, 5},
            new byte[] {0x16, 3, 1, 0, 0},
            new byte[] {0x16, 3, 1, 0x40, 1},
            new byte[] {0x16, 3, 1, 0, 4, 2, 0, 0, 0},
            withNameByte((byte) 0),
            withNameByte((byte) ' '),
            withNameByte((byte) '/'))) {
      assertThat(new ClientHello(LIMIT).read(Unpooled.wrappedBuffer(bytes)))
          .isEqualTo(State.MALFORMED);
    }
  }

  /** Whatever bytes arrive: an answer or a wish for more, never an exception or a strange name. */
  @Test
  void survivesRandomDamage() {
    Random random = new Random(42);
    byte[] whole = jdkHello("Www.Example.com", "selvage/h2", "http/1.1");
    for (int round = 0; round < 50_000; round++) {
      byte[] damaged = whole.clone();
      int hits = 1 + random.nextInt(4);
      for (int i = 0; i < hits; i++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextInt(8) == 0 ? random.nextInt(damaged.length) : damaged.length;
      ClientHello hello = new ClientHello(LIMIT);
      State state = hello.read(Unpooled.wrappedBuffer(damaged, 0, length));
      if (state == State.COMPLETE && hello.serverName() != null) {
        assertThat(hello.serverName()).matches("[a-z0-9._-]+");
      }
      assertThat(hello.protocols()).hasSizeLessThanOrEqualTo(16).doesNotContain("");
    }
  }

  private static byte[] withNameByte(byte value) {
    byte[] changed = HELLO.clone();
    int at = new String(HELLO, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("Www.Example");
    changed[at + 1] = value;
    return changed;
  }

  private static void record(ByteBuf out, byte[] message, int from, int length) {
    out.writeByte(0x16).writeShort(0x0301).writeShort(length).writeBytes(message, from, length);
  }

  /** A hello whose body, with a padding extension, is {@code bodyLength} long. */
  private static byte[] padded(int bodyLength) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(1);
    out.write(bodyLength >> 16);
    out.write(bodyLength >> 8);
    out.write(bodyLength);
    out.writeBytes(new byte[] {3, 3});
    out.writeBytes(new byte[33]);
    out.writeBytes(new byte[] {0, 2, 0x13, 1, 1, 0});
    int extensions = bodyLength - 2 - 33 - 6 - 2;
    out.write(extensions >> 8);
    out.write(extensions);
    out.writeBytes(new byte[] {0, 21});
    out.write((extensions - 4) >> 8);
    out.write(extensions - 4);
    out.writeBytes(new byte[extensions - 4]);
    return out.toByteArray();
  }

  private static byte[] jdkHello(
      @org.jspecify.annotations.Nullable String name, String... protocols) {
    try {
      SSLEngine engine = TestTls.client(TestCa.root("root")).createSSLEngine();
      engine.setUseClientMode(true);
      if (name != null) {
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name)));
        engine.setSSLParameters(parameters);
      }
      SSLParameters alpn = engine.getSSLParameters();
      alpn.setApplicationProtocols(protocols);
      engine.setSSLParameters(alpn);
      ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
      engine.wrap(ByteBuffer.allocate(0), out);
      return Arrays.copyOf(out.array(), out.position());
    } catch (javax.net.ssl.SSLException e) {
      throw new IllegalStateException(e);
    }
  }
}
