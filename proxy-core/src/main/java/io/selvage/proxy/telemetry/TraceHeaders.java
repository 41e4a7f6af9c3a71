// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceId;
import io.opentelemetry.api.trace.TraceState;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes trace context in request headers: W3C {@code traceparent} (Trace Context,
 * section 3.2), and B3 in its single and multiple header forms. A context is continued in the forms
 * it came in, W3C always among them. Malformed headers count as absent.
 */
final class TraceHeaders {
  private TraceHeaders() {}

  /** The caller's context, or an invalid one when the request carries none. W3C goes first. */
  static SpanContext read(HeaderBlock headers) {
    String traceparent = headers.valueOf(HeaderName.TRACEPARENT);
    SpanContext context = traceparent == null ? null : w3c(traceparent);
    if (context == null) {
      String b3 = headers.valueOf(HeaderName.B3);
      context = b3 == null ? b3Multiple(headers) : b3Single(b3);
    }
    return context == null ? SpanContext.getInvalid() : context;
  }

  /** Replaces the context of the request by {@code context}. */
  static void write(HeaderBlock headers, SpanContext context) {
    boolean single = headers.dropAll(HeaderName.B3) > 0;
    boolean multiple = headers.dropAll(HeaderName.X_B3_TRACEID) > 0;
    headers.dropAll(HeaderName.TRACEPARENT);
    String sampled = context.isSampled() ? "1" : "0";
    headers.add(
        "traceparent",
        "00-"
            + context.getTraceId()
            + "-"
            + context.getSpanId()
            + (context.isSampled() ? "-01" : "-00"));
    if (single) {
      headers.add("b3", context.getTraceId() + "-" + context.getSpanId() + "-" + sampled);
    }
    if (multiple) {
      headers.dropAll(HeaderName.X_B3_SPANID);
      headers.dropAll(HeaderName.X_B3_PARENTSPANID);
      headers.dropAll(HeaderName.X_B3_SAMPLED);
      headers.dropAll(HeaderName.X_B3_FLAGS);
      headers.add("x-b3-traceid", context.getTraceId());
      headers.add("x-b3-spanid", context.getSpanId());
      headers.add("x-b3-sampled", sampled);
    }
  }

  private static @Nullable SpanContext w3c(String text) {
    // version "-" trace-id "-" parent-id "-" flags; a higher version may be longer.
    if (text.length() < 55
        || text.charAt(2) != '-'
        || text.charAt(35) != '-'
        || text.charAt(52) != '-'
        || text.startsWith("ff")
        || !isLowerHex(text, 0, 2)
        || !isLowerHex(text, 53, 55)
        || (text.startsWith("00") && text.length() != 55)
        || (text.length() > 55 && text.charAt(55) != '-')) {
      return null;
    }
    boolean sampled = (Character.digit(text.charAt(54), 16) & 1) == 1;
    return context(text.substring(3, 35), text.substring(36, 52), sampled);
  }

  private static @Nullable SpanContext b3Single(String text) {
    String[] parts = text.split("-", -1);
    if (parts.length < 2) {
      return null; // a bare sampling decision carries no context
    }
    boolean sampled = parts.length < 3 || parts[2].equals("1") || parts[2].equals("d");
    return context(pad(parts[0]), parts[1], sampled);
  }

  private static @Nullable SpanContext b3Multiple(HeaderBlock headers) {
    String trace = headers.valueOf(HeaderName.X_B3_TRACEID);
    String span = headers.valueOf(HeaderName.X_B3_SPANID);
    if (trace == null || span == null) {
      return null;
    }
    String sampled = headers.valueOf(HeaderName.X_B3_SAMPLED);
    boolean debug = "1".equals(headers.valueOf(HeaderName.X_B3_FLAGS));
    return context(
        pad(trace),
        span,
        debug || sampled == null || sampled.equals("1") || sampled.equals("true"));
  }

  private static String pad(String traceId) {
    return traceId.length() == 16 ? "0000000000000000" + traceId : traceId;
  }

  private static @Nullable SpanContext context(String trace, String span, boolean sampled) {
    String traceId = trace.toLowerCase(Locale.ROOT);
    String spanId = span.toLowerCase(Locale.ROOT);
    if (!TraceId.isValid(traceId) || !SpanId.isValid(spanId)) {
      return null;
    }
    return SpanContext.createFromRemoteParent(
        traceId,
        spanId,
        sampled ? TraceFlags.getSampled() : TraceFlags.getDefault(),
        TraceState.getDefault());
  }

  private static boolean isLowerHex(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }
}
