// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.admin;

import static java.util.Objects.requireNonNull;

import io.selvage.proxy.admin.Readiness;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the admin port shows and does.
 *
 * @param readiness asked for {@code /ready}
 * @param metrics Prometheus text 0.0.4; may take a while, is called off the event loops
 * @param logLevelNow for {@code GET /log-level}: what is logged
 * @param logLevel takes the body of {@code PUT /log-level} from loopback; answers what is wrong
 *     with it
 * @param shutdown begun by {@code POST /shutdown} from loopback; null = not enabled
 */
public record AdminPages(
    Readiness readiness,
    Supplier<String> metrics,
    Supplier<String> logLevelNow,
    Function<String, Optional<String>> logLevel,
    @Nullable Runnable shutdown) {
  public AdminPages {
    requireNonNull(readiness, "readiness");
    requireNonNull(metrics, "metrics");
    requireNonNull(logLevelNow, "logLevelNow");
    requireNonNull(logLevel, "logLevel");
  }
}
