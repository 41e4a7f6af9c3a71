// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.telemetry.ExchangeReport;
import io.selvage.proxy.telemetry.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClassificationTest {
  private static ExchangeReport report(String contentType, int status, int grpcStatus) {
    var report = new ExchangeReport();
    var head = new RequestHead();
    if (!contentType.isEmpty()) {
      head.headers().add("content-type", contentType);
    }
    report.request = head;
    report.outcome = Outcome.OK;
    report.status = status;
    report.grpcStatus = grpcStatus;
    return report;
  }

  @ParameterizedTest
  @CsvSource({
    "'', 200, -1, true",
    "'', 404, -1, true",
    "'', 499, -1, true",
    "'', 500, -1, false",
    "'', 0, -1, false",
    "application/grpc, 200, 0, true",
    "application/grpc, 200, 1, true",
    "application/grpc, 200, 2, false",
    "application/grpc, 200, 3, true",
    "application/grpc, 200, 4, false",
    "application/grpc, 200, 5, true",
    "application/grpc, 200, 7, false",
    "application/grpc, 200, 8, true",
    "application/grpc, 200, 12, true",
    "application/grpc, 200, 13, false",
    "application/grpc, 200, 14, false",
    "application/grpc, 200, 15, false",
    "application/grpc, 200, 16, true",
    "application/grpc, 200, 17, false",
    "application/grpc+proto, 200, -1, false",
    "application/grpc;charset=utf-8, 200, -1, false",
    "application/grpc, 200, -1, false",
    "application/grpc-web, 200, -1, true",
    "text/html, 200, -1, true"
  })
  void whatCountsAsSuccess(String type, int status, int grpcStatus, boolean success) {
    ExchangeReport report = report(type, status, grpcStatus);
    int grpc = Classification.grpcStatus(report);
    assertThat(Classification.isSuccess(report, grpc)).isEqualTo(success);
  }

  @Test
  void aResponseThatBreaksOffIsAFailure() {
    ExchangeReport report = report("", 200, -1);
    report.outcome = Outcome.UPSTREAM_RESET_MID_RESPONSE;
    assertThat(Classification.isSuccess(report, Classification.NOT_GRPC)).isFalse();
  }

  @Test
  void aClientThatEndsItsStreamIsJudgedByTheHead() {
    ExchangeReport report = report("application/grpc", 200, -1);
    report.outcome = Outcome.CLIENT_GONE;
    assertThat(Classification.counts(report)).isTrue();
    assertThat(Classification.isSuccess(report, Classification.grpcStatus(report))).isTrue();
  }
}
