// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBufUtil;
import io.netty.util.NetUtil;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.RouteSpec;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.route.FactSource;
import io.selvage.proxy.telemetry.ExchangeReport;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** What header edits may say about an exchange: read from its report and connection when asked. */
final class ExchangeFacts implements FactSource {
  private static final DateTimeFormatter START =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private final ConnectionInfo connection;
  private final HeaderBlock request;
  private final ExchangeReport report;

  ExchangeFacts(ConnectionInfo connection, HeaderBlock request, ExchangeReport report) {
    this.connection = connection;
    this.request = request;
    this.report = report;
  }

  @Override
  public @Nullable String fact(HeaderEdits.Fact fact) {
    return switch (fact) {
      case CLIENT_ADDRESS -> report.clientAddress;
      case CLIENT_ADDRESS_PORT -> NetUtil.toSocketAddressString(connection.peer());
      case LOCAL_ADDRESS -> NetUtil.toSocketAddressString(connection.local());
      case LOCAL_PORT -> Integer.toString(connection.local().getPort());
      case PROTOCOL -> connection.version().toString();
      case TLS_VERSION -> connection.tlsVersion();
      case PEER_SUBJECT -> {
        X509Certificate peer = connection.clientCertificate();
        yield peer == null ? null : peer.getSubjectX500Principal().getName();
      }
      case PEER_FINGERPRINT -> fingerprint(connection.clientCertificate());
      case PEER_IDENTITY -> connection.peerIdentity();
      case START_TIME -> START.format(Instant.ofEpochMilli(report.startMillis));
      case UPSTREAM_ADDRESS -> report.endpoint;
      case RESPONSE_STATUS -> report.status == 0 ? null : Integer.toString(report.status);
      case REQUEST_ID -> report.requestId;
      case ROUTE_NAME -> {
        RouteSpec route = report.route;
        yield route == null ? null : route.name();
      }
    };
  }

  @Override
  public @Nullable String requestHeader(String lowerName) {
    int i = request.indexOf(ForwardedFields.ascii(lowerName), 0);
    return i < 0 ? null : request.value(i);
  }

  private static @Nullable String fingerprint(@Nullable X509Certificate certificate) {
    if (certificate == null) {
      return null;
    }
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
      return ByteBufUtil.hexDump(digest);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("SHA-256 and DER are always there", e);
    }
  }
}
