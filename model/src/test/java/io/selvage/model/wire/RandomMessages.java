// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

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
import io.selvage.model.mesh.WorkloadIdentity;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/** Messages of every kind, with any legal content. */
final class RandomMessages {
  private static final String[] PIECES = {
    "", "a", "10.0.0.1", "√", "spiffe://x/ns/a/sa/b", "\n\"\\"
  };

  private final Random random;

  RandomMessages(long seed) {
    random = new Random(seed);
  }

  ProxyMessage proxyMessage(int kind) {
    return switch (kind % 7) {
      case 0 ->
          new ProxyMessage.Hello(
              random.nextInt(1000), pod(), one(ProxyKind.values()), text(), text());
      case 1 -> new ProxyMessage.Subscribe(number(), "10.0.0." + random.nextInt(256), port());
      case 2 -> new ProxyMessage.Unsubscribe(number());
      case 3 -> new ProxyMessage.State(text(), number());
      case 4 ->
          new ProxyMessage.Report(
              new TrafficReport(number(), number(), some(this::edge), some(this::call)));
      default -> new ProxyMessage.Tapped(number(), number(), tapEvent());
    };
  }

  ReplicaMessage replicaMessage(int kind) {
    return switch (kind % 6) {
      case 0 -> new ReplicaMessage.Hello(random.nextInt(1000), text(), text());
      case 1 ->
          new ReplicaMessage.Proxy(
              number(),
              new WorkloadIdentity("cluster.local", "shop", "web" + random.nextInt(100)),
              pod(),
              random.nextBoolean(),
              one(ProxyKind.values()),
              text(),
              text(),
              text(),
              number(),
              number());
      case 2 -> new ReplicaMessage.Gone(number());
      case 4 -> new ReplicaMessage.Dropped(number());
      case 3 ->
          new ReplicaMessage.Report(
              number(), new TrafficReport(number(), number(), some(this::edge), some(this::call)));
      default ->
          new ReplicaMessage.Tapped(
              number(), new ProxyMessage.Tapped(number(), number(), tapEvent()));
    };
  }

  ReplicaRequest replicaRequest() {
    return new ReplicaRequest(
        some(this::number),
        new ControlMessage.Tap(
            number(), random.nextInt(1000), text(), text(), text(), text(), random.nextBoolean()));
  }

  ControlMessage controlMessage(int kind) {
    return switch (kind % 7) {
      case 0 -> new ControlMessage.Welcome(random.nextInt(1000), text(), random.nextInt(60_000));
      case 1 -> new ControlMessage.Bundle(text(), text(), random.nextBoolean(), number());
      case 2 -> new ControlMessage.Inbound(inbound());
      case 3 -> new ControlMessage.Destination(number(), update());
      case 4 ->
          new ControlMessage.Workloads(
              random.nextBoolean(),
              some(this::knownAddress),
              some(this::text),
              random.nextBoolean());
      case 5 -> new ControlMessage.Age(number());
      default ->
          new ControlMessage.Tap(
              number(),
              random.nextInt(ControlMessage.Tap.MAX_PER_SECOND + 1),
              text(),
              text(),
              text(),
              text(),
              random.nextBoolean());
    };
  }

  Certify.Request request() {
    byte[] csr = new byte[random.nextInt(300)];
    random.nextBytes(csr);
    return new Certify.Request(text(), csr, pod());
  }

  Certify.Response response() {
    return new Certify.Response(text(), some(this::text), number(), text(), text(), number());
  }

  private InboundSettings inbound() {
    return new InboundSettings(
        one(InboundPolicy.values()),
        some(this::text),
        new HashSet<>(some(this::port)),
        some(() -> new InboundSettings.Probe(port(), text())),
        some(this::text));
  }

  private DestinationUpdate update() {
    return new DestinationUpdate(
        random.nextBoolean(),
        one(DestinationUpdate.Kind.values()),
        random.nextBoolean()
            ? DestinationUpdate.ServiceRef.NONE
            : new DestinationUpdate.ServiceRef("shop", text(), port()),
        one(ProtocolHint.values()),
        some(() ->
            new DestinationUpdate.Endpoint(
                "fd00::" + random.nextInt(999),
                port(),
                text(),
                one(ProtocolHint.values()),
                random.nextBoolean())),
        some(() -> new DestinationUpdate.Address("10.0.0." + random.nextInt(256), port())),
        random.nextBoolean());
  }

  private ControlMessage.KnownAddress knownAddress() {
    return new ControlMessage.KnownAddress(
        text(),
        text(),
        some(() -> {
          int first = port();
          return new PortRange(first, first + random.nextInt(65_536 - first));
        }),
        pod());
  }

  private TrafficReport.Edge edge() {
    List<Long> latency = new ArrayList<>();
    if (random.nextBoolean()) {
      for (int i = 0; i <= MeshProtocol.LATENCY_BUCKETS_MILLIS.size(); i++) {
        latency.add(number());
      }
    }
    return new TrafficReport.Edge(
        one(TrafficReport.Direction.values()),
        text(),
        random.nextInt(65_536),
        text(),
        text(),
        text(),
        one(TrafficReport.Security.values()),
        random.nextBoolean(),
        number(),
        number(),
        latency,
        number(),
        number(),
        number(),
        number());
  }

  private TapEvent tapEvent() {
    return new TapEvent(
        number(),
        one(TrafficReport.Direction.values()),
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
        one(TrafficReport.Security.values()),
        random.nextBoolean(),
        text(),
        text(),
        text(),
        text(),
        random.nextInt(1_000),
        random.nextInt(20) - 1,
        random.nextBoolean() ? -1 : random.nextInt(1_000_000),
        number(),
        number(),
        number(),
        text(),
        random.nextBoolean(),
        some(() -> new TapEvent.Header(text(), text())));
  }

  private TrafficReport.Call call() {
    return new TrafficReport.Call(
        one(TrafficReport.Direction.values()),
        text(),
        random.nextInt(65_536),
        text(),
        text(),
        text(),
        number(),
        number(),
        number(),
        number(),
        number());
  }

  private PodRef pod() {
    return new PodRef(text(), text());
  }

  private int port() {
    return 1 + random.nextInt(65_535);
  }

  /** Small and large ones alike. */
  private long number() {
    return random.nextLong() >>> (1 + random.nextInt(63));
  }

  private String text() {
    var text = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      text.append(one(PIECES));
    }
    return text.toString();
  }

  private <T> T one(T[] values) {
    return values[random.nextInt(values.length)];
  }

  private <T> List<T> some(Supplier<T> element) {
    var list = new ArrayList<T>();
    for (int i = random.nextInt(5); i > 0; i--) {
      list.add(element.get());
    }
    return list;
  }
}
