// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.pair;

import io.netty.channel.EventLoop;
import io.selvage.identity.issue.CertificateAuthorities;
import io.selvage.identity.issue.IssuedLeaf;
import io.selvage.identity.issue.Issuer;
import io.selvage.identity.workload.PemText;
import io.selvage.identity.workload.WorkloadKeys;
import io.selvage.mesh.MeshMember;
import io.selvage.mesh.MeshOptions;
import io.selvage.mesh.discovery.DestinationTable;
import io.selvage.mesh.discovery.Destinations;
import io.selvage.mesh.discovery.InboundFeed;
import io.selvage.mesh.discovery.PodDirectory;
import io.selvage.mesh.traffic.TrafficLedger;
import io.selvage.mesh.traffic.TrafficRecorder;
import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.DestinationUpdate.Endpoint;
import io.selvage.model.mesh.DestinationUpdate.Kind;
import io.selvage.model.mesh.DestinationUpdate.ServiceRef;
import io.selvage.model.mesh.InboundSettings;
import io.selvage.model.mesh.ProtocolHint;
import io.selvage.model.mesh.ProxyMessage;
import io.selvage.model.mesh.TrafficReport;
import io.selvage.model.mesh.WorkloadIdentity;
import io.selvage.model.routing.KeyMaterial;
import io.selvage.proxy.tls.MeshTls;
import io.selvage.proxy.transport.EventLoops;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** What a control plane knows, without one: certificates, and what addresses stand for. */
final class TestMesh {
  private static final Duration TWO_SKEWS = Issuer.SKEW.plus(MeshTls.SKEW);

  private final CertificateAuthorities.Created authorities =
      CertificateAuthorities.create("cluster.local", Instant.now(), Duration.ofDays(1));
  private final Map<InetSocketAddress, DestinationUpdate> destinations = new ConcurrentHashMap<>();
  private final Map<String, Duration> ends = new ConcurrentHashMap<>();
  private volatile boolean away;
  private volatile boolean mute;

  /** SPIFFE id of an account. */
  static String identity(String account) {
    return new WorkloadIdentity("cluster.local", "test", account).uri();
  }

  /** Nobody is answered any more, or again. */
  void setAway(boolean isAway) {
    away = isAway;
  }

  /** Whether the control plane is there and answers nothing. */
  void setMute(boolean isMute) {
    mute = isMute;
  }

  void answer(InetSocketAddress address, DestinationUpdate update) {
    destinations.put(address, update);
  }

  /** A Service whose endpoints are all on loopback. */
  static DestinationUpdate service(ProtocolHint hint, Endpoint... endpoints) {
    return new DestinationUpdate(
        true,
        Kind.SERVICE,
        new ServiceRef("test", "web", 80),
        hint,
        List.copyOf(Arrays.asList(endpoints)),
        List.of());
  }

  /**
   * @param identity empty = outside the mesh
   */
  static Endpoint endpoint(int port, String identity) {
    return endpoint(port, identity, ProtocolHint.DETECT);
  }

  /** One that says itself what it speaks. */
  static Endpoint endpoint(int port, String identity, ProtocolHint hint) {
    return new Endpoint("127.0.0.1", port, identity, hint, false);
  }

  /**
   * Certificates of an account that are issued from now on are believed for so long only, the
   * allowance for clocks included.
   */
  void believe(String account, Duration time) {
    ends.put(account, time);
  }

  /** Certificates of an account that are issued from now on are believed for an hour again. */
  void believe(String account) {
    ends.remove(account);
  }

  KeyMaterial certificate(String account) {
    Duration believed = ends.getOrDefault(account, Duration.ofHours(1).plus(TWO_SKEWS));
    Duration life = Duration.ofHours(1);
    // A leaf lives one allowance longer than asked, and is believed for another one after that.
    Instant issued = Instant.now().plus(believed).minus(life).minus(TWO_SKEWS);
    Issuer.Parsed parsed =
        Issuer.of(
            List.of(authorities.issuer()),
            authorities.issuerKey(),
            authorities.bundle(),
            Instant.now());
    if (!(parsed instanceof Issuer.Parsed.Accepted(Issuer issuer))) {
      throw new IllegalStateException(parsed.toString());
    }
    KeyPair keys = WorkloadKeys.create();
    IssuedLeaf leaf =
        issuer.issue(
            WorkloadIdentity.parse(identity(account)).orElseThrow(),
            keys.getPublic(),
            issued,
            life,
            Issuer.SKEW);
    return new KeyMaterial(
        account, PemText.write(leaf.chain()), WorkloadKeys.pem(keys.getPrivate()));
  }

  String bundle() {
    return authorities.bundle().pem();
  }

  /** A member with this account's certificate. */
  Member member(String account, MeshOptions options, EventLoops loops, MeshTls tls) {
    var member = new Member(options, loops);
    certify(account, tls);
    member.certified = true;
    member.renewal = () -> certify(account, tls);
    return member;
  }

  private void certify(String account, MeshTls tls) {
    try {
      tls.use(Optional.of(certificate(account)), bundle());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A member that has not got a certificate yet. */
  Member stranger(MeshOptions options, EventLoops loops) {
    return new Member(options, loops);
  }

  /** One sidecar's membership. */
  final class Member implements MeshMember {
    private final EventLoop loop;
    private final DestinationTable table;
    private final InboundFeed inbound;
    private final TrafficLedger ledger;
    volatile boolean certified;
    private volatile Runnable renewal = () -> {};

    private Member(MeshOptions options, EventLoops loops) {
      this.loop = loops.next();
      this.table = new DestinationTable(loop);
      this.inbound = new InboundFeed(options.inbound());
      this.ledger = new TrafficLedger(loops, loop);
      table.use(
          new DestinationTable.Line() {
            @Override
            public boolean isConnected() {
              return !away;
            }

            @Override
            public boolean isHopeful() {
              return !away;
            }

            @Override
            public void send(ProxyMessage message) {
              if (message instanceof ProxyMessage.Subscribe subscribe && !away && !mute) {
                tell(subscribe.id(), find(subscribe));
              }
            }
          });
    }

    private DestinationUpdate find(ProxyMessage.Subscribe subscribe) {
      return destinations.getOrDefault(
          new InetSocketAddress(InetAddress.ofLiteral(subscribe.address()), subscribe.port()),
          DestinationUpdate.forward());
    }

    private void tell(long id, DestinationUpdate update) {
      loop.execute(() -> table.apply(id, update));
    }

    /** Replaces its certificate by one that is issued now. */
    void renew() {
      renewal.run();
    }

    /** Pushes what holds for what arrives. */
    void push(InboundSettings settings) {
      loop.submit(() -> inbound.apply(settings)).syncUninterruptibly();
    }

    /** What has gone through since the last call. */
    TrafficReport report() {
      var collected = new CompletableFuture<TrafficReport>();
      loop.execute(() -> ledger.collect(() -> collected.complete(ledger.report(1_000))));
      return collected.orTimeout(20, TimeUnit.SECONDS).join();
    }

    @Override
    public Destinations destinations() {
      return table;
    }

    @Override
    public InboundFeed inbound() {
      return inbound;
    }

    @Override
    public PodDirectory pods() {
      throw new UnsupportedOperationException("for gateways");
    }

    @Override
    public TrafficRecorder traffic() {
      return ledger;
    }

    @Override
    public Optional<String> missing() {
      return certified ? Optional.empty() : Optional.of("there is no certificate yet");
    }

    @Override
    public boolean isConnected() {
      return !away;
    }

    @Override
    public String metrics() {
      return "";
    }

    @Override
    public void close() {}
  }
}
