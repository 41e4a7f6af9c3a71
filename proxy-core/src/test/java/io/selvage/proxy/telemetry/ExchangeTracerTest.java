// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import io.selvage.proxy.http.RequestHead;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ExchangeTracerTest {
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String SPAN = "00f067aa0ba902b7";

  private final List<SpanData> exported = new CopyOnWriteArrayList<>();
  private final SpanExporter exporter =
      new SpanExporter() {
        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
          exported.addAll(spans);
          return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode flush() {
          return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
          return CompletableResultCode.ofSuccess();
        }
      };

  private ExchangeReport traced(double share, int status, String... headers) {
    ExchangeReport report = Reports.answered("l", "web", "/a", status);
    HeaderBlock block = head(report).headers();
    for (int i = 0; i < headers.length; i += 2) {
      block.add(headers[i], headers[i + 1]);
    }
    try (ExchangeTracer tracer = new ExchangeTracer(exporter, "gateway", share)) {
      tracer.onRouted(report);
      tracer.onEnd(report);
    }
    return report;
  }

  private static RequestHead head(ExchangeReport report) {
    return Objects.requireNonNull(report.request);
  }

  @Test
  void continuesTheCallersTraceAndPassesItsOwnSpanOn() {
    ExchangeReport report = traced(0, 200, "traceparent", "00-" + TRACE + "-" + SPAN + "-01");

    SpanData span = exported.getFirst();
    assertThat(span.getTraceId()).isEqualTo(TRACE);
    assertThat(span.getParentSpanId()).isEqualTo(SPAN);
    assertThat(span.getEndEpochNanos() - span.getStartEpochNanos()).isEqualTo(12_000_000L);
    assertThat(head(report).headers().valueOf(HeaderName.TRACEPARENT))
        .isEqualTo("00-" + TRACE + "-" + span.getSpanId() + "-01");
  }

  @Test
  void keepsTheCallersDecisionNotToSample() {
    ExchangeReport report = traced(1, 200, "traceparent", "00-" + TRACE + "-" + SPAN + "-00");

    assertThat(exported).isEmpty();
    assertThat(head(report).headers().valueOf(HeaderName.TRACEPARENT))
        .startsWith("00-" + TRACE + "-")
        .endsWith("-00");
  }

  @Test
  void startsATraceWhereThereIsNone() {
    ExchangeReport report = traced(1, 503);

    SpanData span = exported.getFirst();
    assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(head(report).headers().valueOf(HeaderName.TRACEPARENT))
        .isEqualTo("00-" + span.getTraceId() + "-" + span.getSpanId() + "-01");
  }

  @Test
  void samplesNothingAtAShareOfZero() {
    traced(0, 200);

    assertThat(exported).isEmpty();
  }

  @Test
  void continuesB3InTheFormItCame() {
    ExchangeReport single = traced(0, 200, "b3", TRACE + "-" + SPAN + "-1");
    ExchangeReport multiple =
        traced(0, 200, "X-B3-TraceId", TRACE, "X-B3-SpanId", SPAN, "X-B3-Sampled", "1");

    assertThat(exported).extracting(SpanData::getTraceId).containsExactly(TRACE, TRACE);
    assertThat(head(single).headers().valueOf(HeaderName.B3))
        .isEqualTo(TRACE + "-" + exported.getFirst().getSpanId() + "-1");
    assertThat(head(multiple).headers().valueOf(HeaderName.X_B3_SPANID))
        .isEqualTo(exported.getLast().getSpanId());
    assertThat(head(multiple).headers().valueOf(HeaderName.TRACEPARENT)).isNotNull();
  }

  @Test
  void exportsByOtlpOverHttp() throws Exception {
    Vertx vertx = Vertx.vertx();
    BlockingQueue<String> received = new LinkedBlockingQueue<>();
    try {
      int port =
          vertx
              .createHttpServer()
              .requestHandler(request ->
                  request
                      .body()
                      .onSuccess(body -> {
                        received.add(
                            request.path()
                                + " "
                                + request.getHeader("content-type")
                                + " "
                                + body.toString(StandardCharsets.ISO_8859_1));
                        request.response().end();
                      }))
              .listen(0, "127.0.0.1")
              .await(10, TimeUnit.SECONDS)
              .actualPort();
      ExchangeReport report = Reports.answered("l", "web", "/a", 200);

      try (ExchangeTracer tracer =
          ExchangeTracer.otlp("http://127.0.0.1:" + port + "/", "gateway", 1)) {
        tracer.onRouted(report);
        tracer.onEnd(report);
      }

      assertThat(received.poll(10, TimeUnit.SECONDS))
          .startsWith("/v1/traces application/x-protobuf ")
          .contains("service.name", "gateway", "http.response.status_code", "selvage.outcome");
    } finally {
      vertx.close().await(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void losesSpansButNothingElseWithoutACollector() {
    ExchangeReport report = Reports.answered("l", "web", "/a", 200);

    // Port 9 of loopback: nobody listens.
    try (ExchangeTracer tracer = ExchangeTracer.otlp("http://127.0.0.1:9", "gateway", 1)) {
      tracer.onRouted(report);
      tracer.onEnd(report);
    }

    assertThat(head(report).headers().valueOf(HeaderName.TRACEPARENT)).isNotNull();
  }

  @Test
  void padsAShortB3TraceId() {
    traced(0, 200, "b3", "a3ce929d0e0e4736-" + SPAN + "-d");

    assertThat(exported.getFirst().getTraceId()).isEqualTo("0000000000000000a3ce929d0e0e4736");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz"
      })
  void takesAMalformedTraceparentForAbsent(String traceparent) {
    traced(1, 200, "traceparent", traceparent);

    assertThat(exported.getFirst().getParentSpanId()).isEqualTo("0000000000000000");
  }
}
