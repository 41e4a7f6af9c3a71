// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.selvage.controlplane.link.ApiRoutes;
import io.selvage.controlplane.link.Caller;
import io.selvage.controlplane.link.Refusal;
import io.selvage.controlplane.link.TapPermission;
import io.selvage.controlplane.observation.query.LabelTest;
import io.selvage.controlplane.observation.query.OtherEnd;
import io.selvage.controlplane.observation.query.QueryException;
import io.selvage.controlplane.observation.tap.TapListener;
import io.selvage.controlplane.observation.tap.TapQuery;
import io.selvage.controlplane.observation.tap.TapRequest;
import io.selvage.controlplane.observation.tap.TapRow;
import io.selvage.controlplane.observation.workload.ResourceSelector;
import io.selvage.controlplane.observation.workload.ResourceType;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code GET /api/v1/tap}: exchanges as they end, one JSON object a line (NDJSON), until the caller
 * goes. Lines with {@code "proxies"} say how it stands, and one with {@code "ended"} why it is
 * over: the permission was taken away. A caller that reads too slowly misses lines, which is
 * counted and said.
 */
public final class TapApi implements ApiRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(TapApi.class);
  private static final String RESOURCE = "resource";
  private static final String NAMESPACE = "namespace";
  private static final String SELECTOR = "selector";
  private static final String TO = "to";
  private static final String TO_NAMESPACE = "to_namespace";
  private static final String MAX_RPS = "max_rps";
  private static final Set<String> PARAMETERS =
      Set.of(
          RESOURCE,
          NAMESPACE,
          SELECTOR,
          TO,
          TO_NAMESPACE,
          MAX_RPS,
          "method",
          "scheme",
          "authority",
          "path",
          "headers");

  /** Lines on their way to one caller's event loop. */
  private static final int MAX_WAITING = 1_024;

  /** What was permitted once need not be for as long as somebody looks. */
  private static final Duration ASK_AGAIN = Duration.ofSeconds(30);

  private static final int UNAVAILABLE = 503;

  private final TapQuery taps;
  private final TapPermission permission;
  private final Duration askAgain;
  private final ObjectMapper json = new ObjectMapper();

  public TapApi(TapQuery taps, TapPermission permission) {
    this(taps, permission, ASK_AGAIN);
  }

  /**
   * @param askAgain how often it is asked whether what is open is permitted still
   */
  TapApi(TapQuery taps, TapPermission permission, Duration askAgain) {
    this.taps = taps;
    this.permission = permission;
    this.askAgain = askAgain;
  }

  @Override
  public void mount(Router router) {
    router.get("/api/v1/tap").handler(this::open);
  }

  private void open(RoutingContext call) {
    TapRequest request;
    try {
      request = request(new QueryParams(call.queryParams(), PARAMETERS));
    } catch (IllegalArgumentException e) {
      refuse(call, 400, String.valueOf(e.getMessage()));
      return;
    } catch (HttpException _) {
      refuse(call, 400, "the query is not percent-encoded");
      return;
    }
    Caller caller = Caller.of(call.request());
    Optional<String> namespace =
        request.resource().type() == ResourceType.NAMESPACE
            ? request.resource().name()
            : request.namespace();
    call.vertx()
        .executeBlocking(() -> permission.check(caller, namespace), false)
        .onSuccess(refusal -> {
          if (refusal.isPresent()) {
            refuse(call, refusal.get());
          } else {
            begin(call, request, () -> permission.check(caller, namespace));
          }
        })
        .onFailure(e -> {
          LOG.error("who may tap could not be judged", e);
          refuse(call, 500, "internal error; see the log");
        });
  }

  private static TapRequest request(QueryParams params) {
    return new TapRequest(
        ResourceSelector.parse(params.required(RESOURCE)),
        params.one(NAMESPACE),
        LabelTest.parse(params.one(SELECTOR).orElse("")),
        OtherEnd.of(
            params.one(TO),
            params.one(TO_NAMESPACE),
            Optional.empty(),
            Optional.empty(),
            params.one(NAMESPACE)),
        params.number(MAX_RPS, TapRequest.DEFAULT_PER_SECOND),
        params.one("method").orElse(""),
        params.one("scheme").orElse(""),
        params.one("authority").orElse(""),
        params.one("path").orElse(""),
        params.flag("headers"));
  }

  private void begin(
      RoutingContext call, TapRequest request, Callable<Optional<Refusal>> permitted) {
    HttpServerResponse response = call.response();
    if (response.closed()) {
      return;
    }
    Context context = call.vertx().getOrCreateContext();
    var lines = new Lines(context, response);
    response
        .setChunked(true)
        .putHeader("content-type", "application/x-ndjson")
        .putHeader("cache-control", "no-store")
        .putHeader("x-content-type-options", "nosniff");
    taps.begin(request, lines)
        .whenComplete((id, failure) ->
            context.runOnContext(_ -> {
              if (failure != null) {
                response.setChunked(false);
                fail(call, failure);
              } else if (response.closed()) {
                taps.end(id);
              } else {
                long timer =
                    call.vertx()
                        .setPeriodic(
                            askAgain.toMillis(), t -> askAgain(call.vertx(), permitted, lines));
                Runnable end =
                    () -> {
                      call.vertx().cancelTimer(timer);
                      taps.end(id);
                    };
                response.closeHandler(_ -> end.run());
                response.exceptionHandler(_ -> end.run());
                lines.start(end);
              }
            }));
  }

  /** Whoever may not any more is told why. While nobody can say, what was said last holds. */
  private static void askAgain(Vertx vertx, Callable<Optional<Refusal>> permitted, Lines lines) {
    vertx
        .executeBlocking(permitted, false)
        .onSuccess(refusal ->
            refusal
                .filter(no -> no.status() != UNAVAILABLE)
                .ifPresent(no -> lines.end(no.message())))
        .onFailure(e -> LOG.error("whether a tap is permitted still could not be judged", e));
  }

  private void fail(RoutingContext call, Throwable thrown) {
    Throwable failure =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    if (failure instanceof QueryException busy) {
      refuse(call, 503, String.valueOf(busy.getMessage()));
    } else {
      LOG.error("a tap cannot be opened", failure);
      refuse(call, 500, "internal error; see the log");
    }
  }

  private void refuse(RoutingContext call, Refusal refusal) {
    if (refusal.status() == 401) {
      call.response().putHeader("www-authenticate", "Bearer");
    }
    refuse(call, refusal.status(), refusal.message());
  }

  private void refuse(RoutingContext call, int status, String message) {
    if (call.response().closed() || call.response().ended()) {
      return;
    }
    call.response()
        .setStatusCode(status)
        .putHeader("content-type", "application/json")
        .putHeader("cache-control", "no-store")
        .putHeader("x-content-type-options", "nosniff")
        .end(text(Map.of("error", message)));
  }

  private Buffer text(Object value) {
    try {
      return Buffer.buffer(json.writeValueAsBytes(value));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** From the thread of observation to the caller's event loop, with a bound. */
  private final class Lines implements TapListener {
    private final Context context;
    private final HttpServerResponse response;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong missed = new AtomicLong();

    // On the context only: what comes before the head is sent is kept, and that is little.
    private boolean started;
    private Buffer early = Buffer.buffer();
    private Runnable onEnd = () -> {};

    Lines(Context context, HttpServerResponse response) {
      this.context = context;
      this.response = response;
    }

    @Override
    public void exchange(TapRow row) {
      offer(row, false);
    }

    @Override
    public void status(int proxies, long dropped) {
      offer(Map.of("proxies", proxies, "dropped", dropped + missed.get()), true);
    }

    /** Ends the answer with a reason for people. */
    void end(String reason) {
      context.runOnContext(_ -> {
        if (!response.closed() && !response.ended()) {
          onEnd.run();
          response.end(text(Map.of("ended", reason)).appendByte((byte) '\n'));
        }
      });
    }

    private void offer(Object value, boolean always) {
      if (!always && waiting.get() >= MAX_WAITING) {
        missed.incrementAndGet();
        return;
      }
      Buffer line = text(value).appendByte((byte) '\n');
      waiting.incrementAndGet();
      context.runOnContext(_ -> {
        waiting.decrementAndGet();
        if (response.closed() || response.ended()) {
          return;
        }
        if (!started) {
          early = early.appendBuffer(line);
        } else if (response.writeQueueFull()) {
          missed.incrementAndGet();
        } else {
          response.write(line);
        }
      });
    }

    /**
     * @param whenEnded called once, on the context, if {@link #end} does
     */
    void start(Runnable whenEnded) {
      onEnd = whenEnded;
      started = true;
      response.write(early.length() == 0 ? Buffer.buffer("\n") : early);
      early = Buffer.buffer();
    }
  }
}
