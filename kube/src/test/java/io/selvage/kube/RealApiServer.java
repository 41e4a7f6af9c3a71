// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.selvage.testkit.KubeApiServer;
import java.nio.file.Files;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * One real API server for all tests of a run, started by the first that asks for it. Without {@code
 * KUBE_BIN} the tests are skipped, and the report says so.
 */
public final class RealApiServer implements ExecutionCondition, ParameterResolver {
  /** The server and an administrator's client. */
  public record Handle(KubeApiServer server, KubernetesClient admin) implements AutoCloseable {
    /** A configuration for a token's bearer. */
    public Config config(String token) {
      return new ConfigBuilder(Config.empty())
          .withMasterUrl(server.url())
          .withCaCertData(
              java.util.Base64.getEncoder()
                  .encodeToString(
                      server.caPem().getBytes(java.nio.charset.StandardCharsets.US_ASCII)))
          .withOauthToken(token)
          .withNamespace("default")
          .build();
    }

    /** A new connection as the administrator. */
    public Config adminConfig() {
      return config(server.adminToken());
    }

    @Override
    public void close() {
      admin.close();
      server.close();
    }
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return KubeApiServer.unavailable()
        .map(ConditionEvaluationResult::disabled)
        .orElseGet(() -> ConditionEvaluationResult.enabled("a kube-apiserver can be started"));
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Handle.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getRoot()
        .getStore(ExtensionContext.Namespace.create(RealApiServer.class))
        .computeIfAbsent("server", key -> start(), Handle.class);
  }

  private static Handle start() {
    try {
      KubeApiServer server = KubeApiServer.start(Files.createTempDirectory("kube-apiserver"));
      Config config = new Handle(server, null).adminConfig();
      return new Handle(server, new KubernetesClientBuilder().withConfig(config).build());
    } catch (java.io.IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
