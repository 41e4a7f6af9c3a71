// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.selvage.model.routing.Affinity;
import io.selvage.model.routing.CorsSpec;
import io.selvage.model.routing.ErrorResponse;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.HostRewrite;
import io.selvage.model.routing.PathRewrite;
import io.selvage.model.routing.RetrySpec;
import io.selvage.model.routing.RouteAction;
import io.selvage.model.routing.Shadow;
import io.selvage.model.routing.Timeouts;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Forward actions of tests: the plain one with a single part changed. */
final class Actions {
  private String cluster;
  private PathRewrite rewrite = new PathRewrite.Keep();
  private HostRewrite host = new HostRewrite.Keep();
  private HeaderEdits requestEdits = HeaderEdits.NONE;
  private HeaderEdits responseEdits = HeaderEdits.NONE;
  private Timeouts timeouts = Timeouts.DEFAULT;
  private Optional<RetrySpec> retry = Optional.empty();
  private Affinity affinity = new Affinity.None();
  private Set<String> upgrades = Set.of();
  private List<Shadow> shadows = List.of();
  private Optional<CorsSpec> cors = Optional.empty();
  private long maxBody;
  private List<ErrorResponse> errors = List.of();

  private Actions(String cluster) {
    this.cluster = cluster;
  }

  static Actions to(String cluster) {
    return new Actions(cluster);
  }

  static RouteAction.Forward upgrades(String cluster, String... tokens) {
    Actions actions = to(cluster);
    actions.upgrades = Set.of(tokens);
    return actions.build();
  }

  Actions rewrite(PathRewrite value) {
    rewrite = value;
    return this;
  }

  Actions host(HostRewrite value) {
    host = value;
    return this;
  }

  Actions edits(HeaderEdits request, HeaderEdits response) {
    requestEdits = request;
    responseEdits = response;
    return this;
  }

  Actions timeouts(long requestMillis, long idleMillis) {
    timeouts = new Timeouts(requestMillis, idleMillis);
    return this;
  }

  Actions retry(int max, long perTryMillis, boolean anyMethod, RetrySpec.On... on) {
    retry = Optional.of(new RetrySpec(Set.of(on), List.of(), max, perTryMillis, anyMethod));
    return this;
  }

  Actions affinity(Affinity value) {
    affinity = value;
    return this;
  }

  Actions shadow(String to) {
    shadows = List.of(new Shadow(to, 100, new PathRewrite.Keep()));
    return this;
  }

  Actions cors(CorsSpec value) {
    cors = Optional.of(value);
    return this;
  }

  Actions maxBody(long bytes) {
    maxBody = bytes;
    return this;
  }

  Actions error(int status, String contentType, String body) {
    errors =
        List.of(
            new ErrorResponse(
                status, contentType, List.of(new HeaderEdits.ValuePart.Literal(body)), false));
    return this;
  }

  RouteAction.Forward build() {
    return new RouteAction.Forward(
        cluster,
        rewrite,
        host,
        requestEdits,
        responseEdits,
        timeouts,
        retry,
        affinity,
        upgrades,
        shadows,
        cors,
        RouteAction.Priority.DEFAULT,
        maxBody,
        errors);
  }
}
