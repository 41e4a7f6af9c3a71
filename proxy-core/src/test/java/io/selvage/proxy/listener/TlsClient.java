// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import io.selvage.testkit.TestCa;
import io.selvage.testkit.TestCertificate;
import io.selvage.testkit.TestTls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** A client of the JDK's own TLS: another implementation than the one under test. */
final class TlsClient implements AutoCloseable {
  private final SSLSocket socket;

  private TlsClient(SSLSocket socket) {
    this.socket = socket;
  }

  static TlsClient connect(int port, TestCa ca, @Nullable String serverName) throws IOException {
    return connect(port, TestTls.client(ca), serverName, List.of(), "TLSv1.3", "TLSv1.2");
  }

  static TlsClient connect(int port, TestCa ca, TestCertificate own, String serverName)
      throws IOException {
    return connect(port, TestTls.client(ca, own), serverName, List.of(), "TLSv1.3", "TLSv1.2");
  }

  static TlsClient connect(
      int port,
      SSLContext context,
      @Nullable String serverName,
      List<String> alpn,
      String... versions)
      throws IOException {
    SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket(ListenerFixture.connect(port), "", port, true);
    SSLParameters parameters = socket.getSSLParameters();
    if (serverName != null) {
      parameters.setServerNames(List.of(new SNIHostName(serverName)));
    }
    parameters.setProtocols(versions);
    parameters.setApplicationProtocols(alpn.toArray(new String[0]));
    socket.setSSLParameters(parameters);
    try {
      socket.startHandshake();
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    return new TlsClient(socket);
  }

  /** The name the server proved to have: the first of its subject alternative names. */
  String serverCertificateName() throws Exception {
    X509Certificate leaf = (X509Certificate) socket.getSession().getPeerCertificates()[0];
    return String.valueOf(leaf.getSubjectAlternativeNames().iterator().next().get(1));
  }

  String version() {
    return socket.getSession().getProtocol();
  }

  String alpn() {
    return socket.getApplicationProtocol();
  }

  /** Sends a text and reads as many bytes back. */
  String echo(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return new String(socket.getInputStream().readNBytes(bytes.length), StandardCharsets.US_ASCII);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
