// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.selvage.kube.api.AccessReview.Answer;
import io.selvage.kube.api.AccessReview.Verdict;
import java.util.HashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AccessReviewTest {
  private KubernetesMockServer mock;
  private ApiServer api;
  private AccessReview review;

  @BeforeEach
  void start() {
    mock = new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), false);
    mock.start();
    Config config = new ConfigBuilder(Config.empty()).withMasterUrl(mock.url("/")).build();
    api = ApiServer.connect(config, ApiServerOptions.DEFAULT);
    review = new AccessReview(api);
  }

  @AfterEach
  void stop() {
    api.close();
    MockServers.destroy(mock);
  }

  private static TokenReview known() {
    return new TokenReviewBuilder()
        .withNewStatus()
        .withAuthenticated(true)
        .withNewUser()
        .withUsername("ann")
        .withGroups("ops")
        .endUser()
        .endStatus()
        .build();
  }

  private void tokens(TokenReview answer) {
    mock.expect()
        .post()
        .withPath("/apis/authentication.k8s.io/v1/tokenreviews")
        .andReturn(201, answer)
        .always();
  }

  private void access(boolean allowed) {
    mock.expect()
        .post()
        .withPath("/apis/authorization.k8s.io/v1/subjectaccessreviews")
        .andReturn(
            201,
            new SubjectAccessReviewBuilder()
                .withNewStatus()
                .withAllowed(allowed)
                .endStatus()
                .build())
        .always();
  }

  private Answer check() {
    return review.check("abc", "watch", "selvage.io", "taps", "shop");
  }

  @Test
  void whoMayMay() throws Exception {
    tokens(known());
    access(true);
    assertThat(check()).isEqualTo(new Answer(Verdict.ALLOWED, "ann", ""));
    assertThat(mock.takeRequest().getBody().readUtf8()).contains("\"token\":\"abc\"");
    assertThat(mock.takeRequest().getBody().readUtf8())
        .contains(
            "\"user\":\"ann\"",
            "\"ops\"",
            "\"verb\":\"watch\"",
            "\"group\":\"selvage.io\"",
            "\"resource\":\"taps\"",
            "\"namespace\":\"shop\"");
  }

  @Test
  void whoMayNotIsToldWhat() {
    tokens(known());
    access(false);
    assertThat(check())
        .isEqualTo(
            new Answer(
                Verdict.FORBIDDEN,
                "ann",
                "ann may not watch taps.selvage.io in the namespace shop"));
  }

  @Test
  void anUnknownTokenIsNobodys() {
    tokens(new TokenReviewBuilder().withNewStatus().withAuthenticated(false).endStatus().build());
    assertThat(check().verdict()).isEqualTo(Verdict.UNKNOWN);
    assertThat(review.check("", "watch", "selvage.io", "taps", "shop").verdict())
        .isEqualTo(Verdict.UNKNOWN);
    assertThat(review.check("a".repeat(16 * 1024 + 1), "watch", "g", "r", "").reason())
        .isEqualTo("not a token");
  }

  @Test
  void withoutAnAnswerNobodyMay() {
    mock.expect()
        .post()
        .withPath("/apis/authentication.k8s.io/v1/tokenreviews")
        .andReturn(403, "")
        .always();
    assertThat(check().verdict()).isEqualTo(Verdict.UNAVAILABLE);
  }
}
