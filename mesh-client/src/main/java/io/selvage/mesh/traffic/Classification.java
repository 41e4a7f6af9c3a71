// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;

/**
 * What counts as success. Without an answer, or with one of 500 and above, an exchange is a
 * failure; so is one that broke off in the middle. A gRPC call fails by the statuses below, and by
 * ending without any: its caller has not learnt how it went. What a client gives up before there is
 * an answer says nothing about the server and is not counted; what it gives up later is judged by
 * the answer's head.
 */
final class Classification {
  /** Bits of UNKNOWN, DEADLINE_EXCEEDED, PERMISSION_DENIED, INTERNAL, UNAVAILABLE and DATA_LOSS. */
  private static final int GRPC_FAILURES = 1 << 2 | 1 << 4 | 1 << 7 | 1 << 13 | 1 << 14 | 1 << 15;

  /** In place of a gRPC status: the call was none, or ended without one. */
  static final int NOT_GRPC = -1;

  static final int GRPC_MISSING = -2;

  private static final byte[] GRPC = {
    'a', 'p', 'p', 'l', 'i', 'c', 'a', 't', 'i', 'o', 'n', '/', 'g', 'r', 'p', 'c'
  };

  private Classification() {}

  /** Whether the exchange counts at all. */
  static boolean counts(ExchangeReport report) {
    return report.outcome != Outcome.CLIENT_GONE || report.status != 0;
  }

  /** A gRPC status, or {@link #NOT_GRPC} or {@link #GRPC_MISSING}. */
  static int grpcStatus(ExchangeReport report) {
    if (report.grpcStatus >= 0) {
      return report.grpcStatus;
    }
    RequestHead request = report.request;
    return request != null && isGrpc(request) ? GRPC_MISSING : NOT_GRPC;
  }

  static boolean isSuccess(ExchangeReport report, int grpcStatus) {
    boolean clientGone = report.outcome == Outcome.CLIENT_GONE;
    if (report.status == 0 || report.status >= 500 || isBrokenOff(report.outcome)) {
      return false;
    }
    if (grpcStatus == GRPC_MISSING) {
      return clientGone;
    }
    return grpcStatus == NOT_GRPC || !isGrpcFailure(grpcStatus);
  }

  private static boolean isBrokenOff(Outcome outcome) {
    return outcome == Outcome.UPSTREAM_RESET_MID_RESPONSE
        || outcome == Outcome.IDLE_TIMEOUT
        || outcome == Outcome.INTERNAL;
  }

  static boolean isGrpcFailure(int status) {
    return status > 16 || (GRPC_FAILURES >>> status & 1) != 0;
  }

  private static boolean isGrpc(RequestHead request) {
    var headers = request.headers();
    int i = headers.indexOf(HeaderName.CONTENT_TYPE);
    if (i < 0 || headers.valueEnd(i) - headers.valueStart(i) < GRPC.length) {
      return false;
    }
    int start = headers.valueStart(i);
    for (int j = 0; j < GRPC.length; j++) {
      if (headers.array()[start + j] != GRPC[j]) {
        return false;
      }
    }
    // application/grpc, +proto, ;charset, but not -web, which is answered in the body.
    int end = start + GRPC.length;
    return end == headers.valueEnd(i) || headers.array()[end] == '+' || headers.array()[end] == ';';
  }
}
