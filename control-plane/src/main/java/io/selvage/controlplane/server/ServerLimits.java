// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.server;

import java.time.Duration;

/**
 * Bounds of the gRPC port.
 *
 * @param connections open at a time; one more is closed
 * @param streamsPerConnection open at a time, told by SETTINGS
 * @param headerBytes of one request
 * @param handshake from accept to the end of the TLS handshake
 * @param firstRequest from there to the first complete request head
 * @param idle of a connection without a stream
 * @param certifyBytes body of a Certify call, which anybody may send
 * @param certifyBody from its head to its end
 * @param certifyInFlight Certify calls at a time; one more is refused
 * @param ping between PINGs, which notice a peer that is gone without a word
 * @param pong for the answer to one
 * @param farewell from the end of a stream to its reset, if the peer does not take the end
 * @param strangers of {@code connections}, those of peers without a certificate of ours
 * @param strangersPerAddress of these, those from one address; loopback counts in all only
 * @param strangerLife of such a connection, whatever it does; a Certify call takes far less
 * @param handshakesPerAddress connections of one address that have not ended their handshake;
 *     loopback has no such bound
 * @param membersPerIdentity of {@code connections}, those of one identity
 * @param membersPerAddress those of peers with an identity from one address, such as a pod or,
 *     where addresses are translated, a node; loopback has no such bound
 * @param controlFrames PING and SETTINGS of one connection within {@code controlFramesWithin}; one
 *     more ends it
 */
public record ServerLimits(
    int connections,
    int streamsPerConnection,
    int headerBytes,
    Duration handshake,
    Duration firstRequest,
    Duration idle,
    int certifyBytes,
    Duration certifyBody,
    int certifyInFlight,
    Duration ping,
    Duration pong,
    Duration farewell,
    int strangers,
    int strangersPerAddress,
    Duration strangerLife,
    int handshakesPerAddress,
    int membersPerIdentity,
    int membersPerAddress,
    int controlFrames,
    Duration controlFramesWithin) {
  public static final ServerLimits DEFAULT =
      new ServerLimits(
          10_000,
          16,
          16 * 1024,
          Duration.ofSeconds(10),
          Duration.ofSeconds(10),
          Duration.ofSeconds(60),
          192 * 1024,
          Duration.ofSeconds(10),
          256,
          Duration.ofSeconds(30),
          Duration.ofSeconds(20),
          Duration.ofSeconds(2),
          2_500,
          256,
          Duration.ofSeconds(30),
          256,
          5_000,
          512,
          100,
          Duration.ofSeconds(10));

  /** The same with other numbers of connections. */
  public ServerLimits withConnections(int most) {
    return with(most, firstRequest, idle, strangers, strangerLife, controlFramesWithin);
  }

  /** The same with other times for a first request and for connections without streams. */
  public ServerLimits withPatience(Duration first, Duration unused) {
    return with(connections, first, unused, strangers, strangerLife, controlFramesWithin);
  }

  /** The same with another number of strangers in all, and another life of their connections. */
  public ServerLimits withStrangers(int most, Duration life) {
    return with(connections, firstRequest, idle, most, life, controlFramesWithin);
  }

  /** The same with another number of connections of one identity. */
  public ServerLimits withMembersPerIdentity(int most) {
    return new ServerLimits(
        connections,
        streamsPerConnection,
        headerBytes,
        handshake,
        firstRequest,
        idle,
        certifyBytes,
        certifyBody,
        certifyInFlight,
        ping,
        pong,
        farewell,
        strangers,
        strangersPerAddress,
        strangerLife,
        handshakesPerAddress,
        most,
        membersPerAddress,
        controlFrames,
        controlFramesWithin);
  }

  /** The same with another time within which a connection's control frames count. */
  public ServerLimits withControlFramesWithin(Duration time) {
    return with(connections, firstRequest, idle, strangers, strangerLife, time);
  }

  private ServerLimits with(
      int most,
      Duration first,
      Duration unused,
      int mostStrangers,
      Duration life,
      Duration framesWithin) {
    return new ServerLimits(
        most,
        streamsPerConnection,
        headerBytes,
        handshake,
        first,
        unused,
        certifyBytes,
        certifyBody,
        certifyInFlight,
        ping,
        pong,
        farewell,
        mostStrangers,
        strangersPerAddress,
        life,
        handshakesPerAddress,
        membersPerIdentity,
        membersPerAddress,
        controlFrames,
        framesWithin);
  }
}
