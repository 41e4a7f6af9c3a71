// SPDX-License-Identifier: Apache-2.0
package io.selvage.bench.compare;

import java.util.List;

/**
 * One kind of traffic.
 *
 * @param name as given to {@code --only}
 * @param title row of the table
 * @param port which port of a proxy it uses
 * @param load what makes the traffic
 * @param connections kept open at once
 * @param streams requests at once per connection (HTTP/2 only, else 1)
 * @param path of the request
 * @param closeEach a new connection, and with TLS a full handshake, per request
 * @param peers proxies to compare with, besides Selvage and no proxy at all
 * @param wanted the goal as text, for the table
 */
record Scenario(
    String name,
    String title,
    Port port,
    Load load,
    int connections,
    int streams,
    String path,
    boolean closeEach,
    List<String> peers,
    String wanted) {

  /** The ports each proxy offers. */
  enum Port {
    HTTP,
    HTTPS,
    TCP
  }

  /** Load generators. */
  enum Load {
    WRK,
    H2LOAD
  }

  static final List<Scenario> ALL =
      List.of(
          h1("h1-1k", "HTTP/1.1 keep-alive, 1 KB", Port.HTTP, "/r500/1k", "<= 1.0 of the better"),
          h1(
              "h1-64k",
              "HTTP/1.1 keep-alive, 64 KB",
              Port.HTTP,
              "/r500/64k",
              "<= 1.05 of the better"),
          h1("tls-1k", "TLS 1.3 keep-alive, 1 KB", Port.HTTPS, "/r500/1k", "<= 1.05 of nginx"),
          new Scenario(
              "tls-handshake",
              "TLS 1.3 full handshake per request",
              Port.HTTPS,
              Load.WRK,
              20,
              1,
              "/r500/1k",
              true,
              List.of("nginx", "haproxy"),
              "<= 1.0 of nginx"),
          new Scenario(
              "tcp-1k",
              "TCP pass-through, 1 KB",
              Port.TCP,
              Load.WRK,
              50,
              1,
              "/r500/1k",
              false,
              List.of("haproxy"),
              "<= 0.95 of HAProxy with splice"),
          new Scenario(
              "tcp-64k",
              "TCP pass-through, 64 KB",
              Port.TCP,
              Load.WRK,
              50,
              1,
              "/r500/64k",
              false,
              List.of("haproxy"),
              "<= 0.95 of HAProxy with splice"),
          new Scenario(
              "h2-1k",
              "HTTP/2 over TLS in front of HTTP/1.1, 1 KB",
              Port.HTTPS,
              Load.H2LOAD,
              20,
              10,
              "/r500/1k",
              false,
              List.of("nginx", "haproxy"),
              "<= 1.3 of HAProxy"));

  private static Scenario h1(String name, String title, Port port, String path, String wanted) {
    return new Scenario(
        name, title, port, Load.WRK, 50, 1, path, false, List.of("nginx", "haproxy"), wanted);
  }
}
