// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.ControlMessage;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.InboundPolicy;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.mesh.PodRef;
import io.selvage.model.mesh.PortRange;
import io.selvage.model.mesh.ProtocolHint;
import io.selvage.model.mesh.ProxyKind;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.ReplicaMessage;
import io.selvage.model.mesh.ReplicaRequest;
import io.selvage.model.mesh.TapEvent;
import io.selvage.model.mesh.TrafficReport;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CodecsTest {
  private static final int ROUNDS = 2_000;

  private interface Decoder {
    Object decode(byte[] bytes) throws WireException;
  }

  @Test
  void everyMessageComesBackAsItWas() throws WireException {
    var messages = new RandomMessages(42);
    for (int i = 0; i < ROUNDS; i++) {
      ProxyMessage up = messages.proxyMessage(i);
      assertThat(ProxyMessageCodec.decode(ProxyMessageCodec.encode(up))).contains(up);
      ControlMessage down = messages.controlMessage(i);
      assertThat(ControlMessageCodec.decode(ControlMessageCodec.encode(down))).contains(down);
      Certify.Request request = messages.request();
      assertThat(CertifyCodec.decodeRequest(CertifyCodec.encode(request))).isEqualTo(request);
      Certify.Response response = messages.response();
      assertThat(CertifyCodec.decodeResponse(CertifyCodec.encode(response))).isEqualTo(response);
      ReplicaMessage told = messages.replicaMessage(i);
      assertThat(ReplicaCodec.decode(ReplicaCodec.encode(told))).contains(told);
      ReplicaRequest asked = messages.replicaRequest();
      assertThat(ReplicaCodec.decodeRequest(ReplicaCodec.encode(asked))).isEqualTo(asked);
    }
  }

  /** What is cut off or changed is read as something, or refused by the one exception. */
  @Test
  void damageIsRefusedByTheOneException() {
    var messages = new RandomMessages(7);
    var random = new Random(7);
    int refused = 0;
    for (int i = 0; i < ROUNDS; i++) {
      byte[] up = ProxyMessageCodec.encode(messages.proxyMessage(i));
      byte[] down = ControlMessageCodec.encode(messages.controlMessage(i));
      byte[] request = CertifyCodec.encode(messages.request());
      byte[] response = CertifyCodec.encode(messages.response());
      refused += damage(random, up, ProxyMessageCodec::decode);
      refused += damage(random, down, ControlMessageCodec::decode);
      refused += damage(random, request, CertifyCodec::decodeRequest);
      refused += damage(random, response, CertifyCodec::decodeResponse);
      refused +=
          damage(random, ReplicaCodec.encode(messages.replicaMessage(i)), ReplicaCodec::decode);
      refused +=
          damage(
              random, ReplicaCodec.encode(messages.replicaRequest()), ReplicaCodec::decodeRequest);
      byte[] noise = new byte[random.nextInt(64)];
      random.nextBytes(noise);
      refused += tried(noise, ProxyMessageCodec::decode);
      refused += tried(noise, ControlMessageCodec::decode);
    }
    assertThat(refused).isGreaterThan(ROUNDS);
  }

  private static int damage(Random random, byte[] message, Decoder decoder) {
    if (message.length == 0) {
      return 0;
    }
    byte[] flipped = message.clone();
    for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
      flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
    }
    byte[] cut = java.util.Arrays.copyOf(message, random.nextInt(message.length));
    return tried(flipped, decoder) + tried(cut, decoder);
  }

  private static int tried(byte[] bytes, Decoder decoder) {
    try {
      assertThat(decoder.decode(bytes)).isNotNull();
      return 0;
    } catch (WireException e) {
      assertThat(e.getMessage()).contains(": ");
      return 1;
    }
  }

  // ---- Growth

  @Test
  void skipsFieldsOfLaterVersions() throws WireException {
    byte[] state = ProxyMessageCodec.encode(new ProxyMessage.State("f", 5));
    var grown = new ByteArrayOutputStream();
    grown.writeBytes(new byte[] {(byte) 0xf8, 0x01, 7}); // field 31, a number
    grown.writeBytes(new byte[] {(byte) 0xfa, 0x01, 2, 'h', 'i'}); // field 31, bytes
    grown.writeBytes(new byte[] {(byte) 0xf9, 0x01, 0, 0, 0, 0, 0, 0, 0, 0}); // 64 bits
    grown.writeBytes(new byte[] {(byte) 0xfd, 0x01, 0, 0, 0, 0}); // 32 bits
    grown.writeBytes(state);
    assertThat(ProxyMessageCodec.decode(grown.toByteArray()))
        .contains(new ProxyMessage.State("f", 5));
  }

  @Test
  void skipsTheZoneThatEarlierVersionsSayOfAnEndpoint() throws WireException {
    var endpoint = new DestinationUpdate.Endpoint("10.0.0.1", 80, "", ProtocolHint.HTTP2, true);
    byte[] earlier =
        new ProtoWriter()
            .message(
                4,
                endpoint,
                (destination, e) ->
                    destination
                        .uint(1, 7)
                        .message(
                            2,
                            e,
                            (update, one) ->
                                update
                                    .uint(2, Fields.number(DestinationUpdate.Kind.SERVICE))
                                    .uint(4, Fields.number(ProtocolHint.DETECT))
                                    .messages(
                                        5,
                                        List.of(one),
                                        (to, each) ->
                                            to.string(1, each.address())
                                                .uint(2, each.port())
                                                .string(4, "eu-west-1a")
                                                .uint(6, Fields.number(each.hint()))
                                                .bool(7, each.draining()))))
            .toBytes();
    assertThat(new String(earlier, StandardCharsets.UTF_8)).contains("eu-west-1a");

    var message = (ControlMessage.Destination) ControlMessageCodec.decode(earlier).orElseThrow();

    assertThat(message.id()).isEqualTo(7);
    assertThat(message.update().upserts()).containsExactly(endpoint);
  }

  @Test
  void aKindOfMessageOfALaterVersionIsNone() throws WireException {
    byte[] later = {(byte) 0xf2, 0x01, 0}; // field 30, an empty message
    assertThat(ProxyMessageCodec.decode(later)).isEmpty();
    assertThat(ControlMessageCodec.decode(later)).isEmpty();
    assertThat(ControlMessageCodec.decode(new byte[0])).isEmpty();
  }

  @Test
  void groupsAreRefused() {
    byte[] group = {(byte) 0xf3, 0x01, (byte) 0xf4, 0x01};
    assertThatThrownBy(() -> ControlMessageCodec.decode(group))
        .isInstanceOf(WireException.class)
        .hasMessage("ControlMessage.field 30: wire type 3 is not one of proto3's");
  }

  // ---- Errors name the field

  @Test
  void namesTheFieldThatIsWrong() {
    byte[] unknownPolicy = {0x1a, 2, 0x08, 77};
    assertThatThrownBy(() -> ControlMessageCodec.decode(unknownPolicy))
        .isInstanceOf(WireException.class)
        .hasMessage("ControlMessage.inbound.policy: 77 is not within 1..6");
    byte[] noPolicy = {0x1a, 0};
    assertThatThrownBy(() -> ControlMessageCodec.decode(noPolicy))
        .hasMessage("ControlMessage.inbound.policy: missing");
    byte[] notUtf8 = {0x22, 3, 0x0a, 1, (byte) 0xff};
    assertThatThrownBy(() -> ProxyMessageCodec.decode(notUtf8))
        .hasMessage("ProxyMessage.state.fingerprint: not UTF-8");
    byte[] cut = {0x22, 9, 0x0a};
    assertThatThrownBy(() -> ProxyMessageCodec.decode(cut))
        .hasMessage("ProxyMessage.state: longer than what is there");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 65_536})
  void portsAreBounded(int port) {
    byte[] subscribe = ProxyMessageCodec.encode(new ProxyMessage.Subscribe(1, "10.0.0.1", port));
    assertThatThrownBy(() -> ProxyMessageCodec.decode(subscribe))
        .isInstanceOf(WireException.class)
        .hasMessageStartingWith("ProxyMessage.subscribe.port: ");
  }

  @Test
  void numbersOfMoreThan64BitsAreRefused() {
    byte[] tooLong = {
      0x1a, 12, 0x08, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 0,
    };
    assertThatThrownBy(() -> ProxyMessageCodec.decode(tooLong))
        .hasMessage("ProxyMessage.unsubscribe.id: a number of more than 64 bits");
  }

  // ---- Bounds, at N and at N + 1

  @Test
  void theWholeMessageIsBounded() throws WireException {
    byte[] largest = new byte[MeshProtocol.MAX_MESSAGE_BYTES];
    largest[0] = (byte) 0xf2; // field 30, all the rest of it
    largest[1] = 0x01;
    int rest = largest.length - 6;
    largest[2] = (byte) (rest & 0x7f | 0x80);
    largest[3] = (byte) (rest >>> 7 & 0x7f | 0x80);
    largest[4] = (byte) (rest >>> 14 & 0x7f | 0x80);
    largest[5] = (byte) (rest >>> 21);
    assertThat(ControlMessageCodec.decode(largest)).isEmpty();
    assertThatThrownBy(
            () -> ControlMessageCodec.decode(new byte[MeshProtocol.MAX_MESSAGE_BYTES + 1]))
        .isInstanceOf(WireException.class)
        .hasMessage("ControlMessage: 4194305 bytes are above 4194304");
  }

  @Test
  void aSenderIsToldWhatIsTooLarge() {
    String pem = "x".repeat(MeshProtocol.MAX_MESSAGE_BYTES);
    assertThatThrownBy(() -> ControlMessageCodec.encode(new ControlMessage.Bundle(pem, "", false)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is above 4194304");
  }

  @Test
  void edgesAndCallsAreBounded() throws WireException {
    var messages = new RandomMessages(1);
    TrafficReport sample;
    do {
      sample = ((ProxyMessage.Report) messages.proxyMessage(4)).report();
    } while (sample.edges().isEmpty() || sample.calls().isEmpty());
    var edges = Collections.nCopies(TrafficReport.MAX_EDGES, sample.edges().getFirst());
    var calls = Collections.nCopies(TrafficReport.MAX_CALLS, sample.calls().getFirst());
    var full = new ProxyMessage.Report(new TrafficReport(1, 1, edges, calls));
    byte[] encoded = ProxyMessageCodec.encode(full);
    assertThat(ProxyMessageCodec.decode(encoded)).contains(full);

    byte[] edge =
        ProxyMessageCodec.encode(
            new ProxyMessage.Report(
                new TrafficReport(0, 0, List.of(sample.edges().getFirst()), List.of())));
    assertThatThrownBy(() -> ProxyMessageCodec.decode(repeated(edge, TrafficReport.MAX_EDGES + 1)))
        .hasMessage("ProxyMessage.report.edges: more than 2000 elements");
    byte[] call =
        ProxyMessageCodec.encode(
            new ProxyMessage.Report(
                new TrafficReport(0, 0, List.of(), List.of(sample.calls().getFirst()))));
    assertThatThrownBy(() -> ProxyMessageCodec.decode(repeated(call, TrafficReport.MAX_CALLS + 1)))
        .hasMessage("ProxyMessage.report.calls: more than 64 elements");
  }

  /** The inside of a report of one element, so many times within one report. */
  private static byte[] repeated(byte[] message, int times) {
    // One byte of tag and one or two of length stand before the inside.
    int inside = message[1] < 0 ? 3 : 2;
    var body = new ByteArrayOutputStream();
    for (int i = 0; i < times; i++) {
      body.write(message, inside, message.length - inside);
    }
    var whole = new ByteArrayOutputStream();
    whole.write(0x2a);
    int left = body.size();
    while (left > 0x7f) {
      whole.write(left & 0x7f | 0x80);
      left >>>= 7;
    }
    whole.write(left);
    whole.writeBytes(body.toByteArray());
    return whole.toByteArray();
  }

  @Test
  void textsAreBounded() throws WireException {
    String longest = "x".repeat(WireLimits.TEXT_BYTES);
    var fits = new ProxyMessage.State(longest, 0);
    assertThat(ProxyMessageCodec.decode(ProxyMessageCodec.encode(fits))).contains(fits);
    byte[] more = ProxyMessageCodec.encode(new ProxyMessage.State(longest + "x", 0));
    assertThatThrownBy(() -> ProxyMessageCodec.decode(more))
        .hasMessage("ProxyMessage.state.fingerprint: 2049 bytes are above 2048");
  }

  @Test
  void listsAreBounded() throws WireException {
    var endpoint = new DestinationUpdate.Endpoint("10.0.0.1", 80, "", ProtocolHint.DETECT, false);
    assertBounded(
        WireLimits.ENDPOINTS,
        "upserts",
        count ->
            new ControlMessage.Destination(
                1, update(Collections.nCopies(count, endpoint), List.of())));
    var address = new DestinationUpdate.Address("10.0.0.1", 80);
    assertBounded(
        WireLimits.ENDPOINTS,
        "removed",
        count ->
            new ControlMessage.Destination(
                1, update(List.of(), Collections.nCopies(count, address))));
    var pod = new ControlMessage.KnownAddress("10.0.0.1", "", List.of(), PodRef.NONE);
    assertBounded(
        WireLimits.PODS,
        "upserts",
        count -> new ControlMessage.Workloads(true, Collections.nCopies(count, pod), List.of()));
    assertBounded(
        WireLimits.PODS,
        "removed",
        count ->
            new ControlMessage.Workloads(true, List.of(), Collections.nCopies(count, "10.0.0.1")));
    assertBounded(
        WireLimits.PORT_RANGES,
        "plain_ports",
        count ->
            new ControlMessage.Workloads(
                true,
                List.of(
                    new ControlMessage.KnownAddress(
                        "", "", Collections.nCopies(count, new PortRange(1, 2)), PodRef.NONE)),
                List.of()));
    assertBounded(
        WireLimits.NETWORKS,
        "cluster_networks",
        count -> inbound(Collections.nCopies(count, "10.0.0.0/8"), List.of(), List.of()));
    assertBounded(
        WireLimits.PROBES,
        "probes",
        count ->
            inbound(
                List.of(),
                Collections.nCopies(count, new InboundSettings.Probe(1, "/")),
                List.of()));
    assertBounded(
        WireLimits.NETWORKS,
        "probe_networks",
        count -> inbound(List.of(), List.of(), Collections.nCopies(count, "10.0.0.0/8")));
  }

  private interface OfSize {
    ControlMessage make(int count);
  }

  private static void assertBounded(int max, String field, OfSize message) throws WireException {
    ControlMessage fits = message.make(max);
    assertThat(ControlMessageCodec.decode(ControlMessageCodec.encode(fits))).contains(fits);
    byte[] more = ControlMessageCodec.encode(message.make(max + 1));
    assertThatThrownBy(() -> ControlMessageCodec.decode(more))
        .isInstanceOf(WireException.class)
        .hasMessageEndingWith(field + ": more than " + max + " elements");
  }

  @Test
  void tapsAreBounded() throws WireException {
    var most = new ControlMessage.Tap(1, ControlMessage.Tap.MAX_PER_SECOND, "", "", "", "", false);
    assertThat(ControlMessageCodec.decode(ControlMessageCodec.encode(most))).contains(most);
    byte[] more =
        ControlMessageCodec.encode(
            new ControlMessage.Tap(
                1, ControlMessage.Tap.MAX_PER_SECOND + 1, "", "", "", "", false));
    assertThatThrownBy(() -> ControlMessageCodec.decode(more))
        .isInstanceOf(WireException.class)
        .hasMessageContaining("max_per_second");
    ProxyMessage fits = tapped(TapEvent.MAX_HEADERS);
    assertThat(ProxyMessageCodec.decode(ProxyMessageCodec.encode(fits))).contains(fits);
    assertThatThrownBy(() -> ProxyMessageCodec.encode(tapped(TapEvent.MAX_HEADERS + 1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static ProxyMessage tapped(int headers) {
    return new ProxyMessage.Tapped(
        1,
        2,
        new TapEvent(
            3,
            TrafficReport.Direction.OUTBOUND,
            "10.0.0.1:1",
            "10.0.0.2:80",
            "10.0.0.2",
            "",
            "",
            "",
            TrafficReport.Security.NOT_MESHED,
            false,
            "GET",
            "http",
            "a",
            "/",
            0,
            -1,
            -1,
            0,
            0,
            0,
            "ok",
            false,
            Collections.nCopies(headers, new TapEvent.Header("a", "b"))));
  }

  private static DestinationUpdate update(
      List<DestinationUpdate.Endpoint> upserts, List<DestinationUpdate.Address> removed) {
    return new DestinationUpdate(
        true,
        DestinationUpdate.Kind.SERVICE,
        DestinationUpdate.ServiceRef.NONE,
        ProtocolHint.DETECT,
        upserts,
        removed);
  }

  private static ControlMessage inbound(
      List<String> networks, List<InboundSettings.Probe> probes, List<String> probeNetworks) {
    return new ControlMessage.Inbound(
        new InboundSettings(InboundPolicy.DENY, networks, Set.of(), probes, probeNetworks));
  }

  @Test
  void tokenRequestAndChainAreBounded() throws WireException {
    var fits =
        new Certify.Request(
            "t".repeat(WireLimits.TOKEN_BYTES), new byte[WireLimits.CSR_BYTES], PodRef.NONE);
    assertThat(CertifyCodec.decodeRequest(CertifyCodec.encode(fits))).isEqualTo(fits);
    byte[] token =
        CertifyCodec.encode(
            new Certify.Request("t".repeat(WireLimits.TOKEN_BYTES + 1), new byte[0], PodRef.NONE));
    assertThatThrownBy(() -> CertifyCodec.decodeRequest(token))
        .hasMessage("CertifyRequest.token: 65537 bytes are above 65536");
    byte[] csr =
        CertifyCodec.encode(
            new Certify.Request("", new byte[WireLimits.CSR_BYTES + 1], PodRef.NONE));
    assertThatThrownBy(() -> CertifyCodec.decodeRequest(csr))
        .hasMessage("CertifyRequest.csr: 65537 bytes are above 65536");
    byte[] chain =
        CertifyCodec.encode(
            new Certify.Response("", Collections.nCopies(WireLimits.CHAIN + 1, "pem"), 0, "", ""));
    assertThatThrownBy(() -> CertifyCodec.decodeResponse(chain))
        .hasMessage("CertifyResponse.chain_pem: more than 16 elements");
  }

  // ---- The contract's text

  /** Enums are numbered by their order: nobody may put a value between two others. */
  @Test
  void enumsAreNumberedAsTheContractSays() throws Exception {
    String proto;
    try (var in = ControlMessage.class.getResourceAsStream("mesh.proto")) {
      assertThat(in).isNotNull();
      proto = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    assertNumbered(proto, "ProxyKind", ProxyKind.values());
    assertNumbered(proto, "InboundPolicy", InboundPolicy.values());
    assertNumbered(proto, "DestinationKind", DestinationUpdate.Kind.values());
    assertNumbered(proto, "ProtocolHint", ProtocolHint.values());
    assertNumbered(proto, "Direction", TrafficReport.Direction.values());
    assertNumbered(proto, "Security", TrafficReport.Security.values());
  }

  private static void assertNumbered(String proto, String name, Enum<?>[] values) {
    var block = Pattern.compile("enum " + name + " \\{([^}]*)}").matcher(proto);
    assertThat(block.find()).as(name).isTrue();
    for (Enum<?> value : values) {
      assertThat(block.group(1))
          .contains("\n  " + value.name() + " = " + Fields.number(value) + ";");
    }
  }
}
