// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.selvage.proxy.http.RequestHead;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A server span for each sampled exchange, continued from the caller's context and passed on
 * upstream. The caller's decision is kept; where there is none a share of the exchanges is sampled.
 * Attribute names follow OpenTelemetry's HTTP conventions. Export is batched on a thread of the
 * SDK; a collector that is away costs spans, never requests.
 */
public final class ExchangeTracer implements ExchangeObserver, AutoCloseable {
  private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
  private static final AttributeKey<String> PATH = AttributeKey.stringKey("url.path");
  private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
  private static final AttributeKey<String> HOST = AttributeKey.stringKey("server.address");
  private static final AttributeKey<String> CLIENT = AttributeKey.stringKey("client.address");
  private static final AttributeKey<String> PROTOCOL =
      AttributeKey.stringKey("network.protocol.version");
  private static final AttributeKey<Long> STATUS =
      AttributeKey.longKey("http.response.status_code");
  private static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("selvage.outcome");
  private static final AttributeKey<String> CLUSTER = AttributeKey.stringKey("selvage.cluster");
  private static final AttributeKey<String> ENDPOINT = AttributeKey.stringKey("selvage.endpoint");
  private static final AttributeKey<Long> RESENDS =
      AttributeKey.longKey("http.request.resend_count");

  private final SdkTracerProvider provider;
  private final Tracer tracer;

  /**
   * Exports by OTLP over HTTP.
   *
   * @param endpoint base URL of the collector, such as {@code http://127.0.0.1:4318}; {@code
   *     /v1/traces} is added
   * @param serviceName {@code service.name} of the resource
   * @param share of the exchanges without a caller's decision, 0..1
   */
  public static ExchangeTracer otlp(String endpoint, String serviceName, double share) {
    String base = endpoint.endsWith("/") ? endpoint.substring(0, endpoint.length() - 1) : endpoint;
    return new ExchangeTracer(
        OtlpHttpSpanExporter.builder()
            .setEndpoint(base + "/v1/traces")
            .setTimeout(Duration.ofSeconds(5))
            .build(),
        serviceName,
        share);
  }

  ExchangeTracer(SpanExporter exporter, String serviceName, double share) {
    provider =
        SdkTracerProvider.builder()
            .setResource(Resource.getDefault().toBuilder().put("service.name", serviceName).build())
            .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(share)))
            .addSpanProcessor(
                BatchSpanProcessor.builder(exporter)
                    .setMaxQueueSize(4096)
                    .setScheduleDelay(Duration.ofSeconds(1))
                    .build())
            .build();
    tracer = provider.get("io.selvage.proxy");
  }

  @Override
  public void onRouted(ExchangeReport report) {
    RequestHead request = report.request;
    if (request == null) {
      return;
    }
    SpanContext caller = TraceHeaders.read(request.headers());
    Context parent = caller.isValid() ? Context.root().with(Span.wrap(caller)) : Context.root();
    Span span =
        tracer
            .spanBuilder(request.method())
            .setParent(parent)
            .setSpanKind(SpanKind.SERVER)
            .setStartTimestamp(report.startMillis, TimeUnit.MILLISECONDS)
            .startSpan();
    // Passed on even when not sampled, so that everybody behind keeps to the same decision.
    TraceHeaders.write(request.headers(), span.getSpanContext());
    if (span.isRecording()) {
      report.span = span;
    }
  }

  @Override
  public void onEnd(ExchangeReport report) {
    if (!(report.span instanceof Span span)) {
      return;
    }
    RequestHead request = report.request;
    if (request != null) {
      span.setAttribute(METHOD, request.method());
      span.setAttribute(PATH, request.target().path());
      span.setAttribute(HOST, request.host());
      span.setAttribute(PROTOCOL, request.version().toString().substring(5));
    }
    if (report.route != null) {
      span.setAttribute(ROUTE, report.route.name());
    }
    if (report.clientAddress != null) {
      span.setAttribute(CLIENT, report.clientAddress);
    }
    if (report.clusterStatsName != null) {
      span.setAttribute(CLUSTER, report.clusterStatsName);
    }
    if (report.endpoint != null) {
      span.setAttribute(ENDPOINT, report.endpoint);
    }
    if (report.attempts > 1) {
      span.setAttribute(RESENDS, report.attempts - 1L);
    }
    if (report.status != 0) {
      span.setAttribute(STATUS, (long) report.status);
    }
    span.setAttribute(OUTCOME, report.outcome.label());
    if (report.status >= 500 || report.status == 0) {
      span.setStatus(StatusCode.ERROR);
    }
    long millis = report.startMillis;
    span.end(
        TimeUnit.MILLISECONDS.toNanos(millis) + (report.endNanos - report.startNanos),
        TimeUnit.NANOSECONDS);
  }

  /** Exports what waits, for five seconds at most. */
  @Override
  public void close() {
    provider.shutdown().join(5, TimeUnit.SECONDS);
  }
}
