// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.DefaultKubernetesResourceList;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.OAuthTokenProvider;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.KindSelection;
import io.selvage.model.kube.Kind;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/** A connection to an API server, shared by what reads from it and what writes statuses to it. */
public final class ApiServer implements AutoCloseable {
  /**
   * The gateway's. Also the field manager of everything written, by which a later process knows its
   * own traces.
   */
  public static final String USER_AGENT = "selvage-gateway";

  private final KubernetesClient client;
  private final ApiServerOptions options;
  private final ServedKinds kinds;

  private final MetadataRequests metadataRequests;

  private ApiServer(
      KubernetesClient client, MetadataRequests metadataRequests, ApiServerOptions options) {
    this.client = client;
    this.metadataRequests = metadataRequests;
    this.options = options;
    this.kinds = new ServedKinds(client);
  }

  /**
   * Uses the ambient account: {@code KUBECONFIG}, {@code ~/.kube/config} or the pod's own. Connects
   * lazily, so an API server that is away is no error here.
   */
  public static ApiServer connect(ApiServerOptions options) {
    return connect(Config.autoConfigure(null), options);
  }

  /** The bearer token of the account; empty if it has none, as with a client certificate. */
  public Optional<String> bearerToken() {
    Config config = client.getConfiguration();
    OAuthTokenProvider provider = config.getOauthTokenProvider();
    return Stream.of(
            provider == null ? null : provider.getToken(),
            config.getOauthToken(),
            config.getAutoOAuthToken())
        .filter(token -> token != null && !token.isEmpty())
        .findFirst();
  }

  /** Whether there is an ambient account at all; says nothing of whether it is any good. */
  public static boolean isConfigured() {
    // The client reads both, in this order.
    String files = System.getProperty("kubeconfig", System.getenv("KUBECONFIG"));
    if (files != null && !files.isEmpty()) {
      return Arrays.stream(files.split(File.pathSeparator))
          .anyMatch(file -> !file.isEmpty() && Files.exists(Path.of(file)));
    }
    return Files.exists(Path.of(System.getProperty("user.home"), ".kube", "config"))
        || System.getenv("KUBERNETES_SERVICE_HOST") != null;
  }

  /** Uses the given account. */
  public static ApiServer connect(Config config, ApiServerOptions options) {
    requireNonNull(options, "options");
    int base = Math.toIntExact(options.reconnectBase().toMillis());
    config.setWatchReconnectInterval(base + ThreadLocalRandom.current().nextInt(base / 2 + 1));
    config.setRequestTimeout(Math.toIntExact(options.requestTimeout().toMillis()));
    config.setConnectionTimeout(Math.toIntExact(options.requestTimeout().toMillis()));
    config.setRequestRetryBackoffLimit(2);
    config.setRequestRetryBackoffInterval(base);
    config.setUserAgent(options.userAgent());
    var metadataRequests = new MetadataRequests();
    KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(config)
            .withKubernetesSerialization(serialization())
            .withHttpClientFactory(new JdkHttpClientFactory())
            .withHttpClientBuilderConsumer(
                http -> http.addOrReplaceInterceptor(MetadataRequests.NAME, metadataRequests))
            .build();
    return new ApiServer(client, metadataRequests, options);
  }

  /** An API server leaves out the items of an empty list of partial objects. */
  private static KubernetesSerialization serialization() {
    var mapper = new ObjectMapper();
    mapper.addMixIn(DefaultKubernetesResourceList.class, EmptyItems.class);
    // Looking for classes of all kinds there are would load thousands. What is read by a class of
    // its own
    // is asked for by that class; all else is generic, but for the errors that a watch ends with.
    var serialization = new KubernetesSerialization(mapper, false);
    serialization.registerKubernetesResource(Status.class);
    return serialization;
  }

  /** Annotations for {@link DefaultKubernetesResourceList}. */
  private abstract static class EmptyItems {
    @JsonSetter(nulls = Nulls.AS_EMPTY)
    abstract void setItems(List<?> items);
  }

  /** A source of everything a gateway reads; each call makes a new one. */
  public ClusterStateSource source() {
    return source(KindSelection.GATEWAY);
  }

  /** A source of the selected kinds; each call makes a new one. */
  public ClusterStateSource source(KindSelection selection) {
    selection
        .entries()
        .filter(KindSelection.Entry::metadataOnly)
        .forEach(entry -> metadataRequests.add(entry.kind()));
    return new ApiServerSource(client, options, kinds, selection);
  }

  /** From now on, of objects of this kind only the metadata is asked for, however they are read. */
  public void readMetadataOnly(Kind<?> kind) {
    metadataRequests.add(kind);
  }

  /** The client, for the other packages of this module. */
  public KubernetesClient client() {
    return client;
  }

  /** Which version of each kind is served, for the other packages of this module. */
  public ServedKinds kinds() {
    return kinds;
  }

  /** What was asked for. */
  public ApiServerOptions options() {
    return options;
  }

  /** Ends all connections; close sources and writers first. */
  @Override
  public void close() {
    client.close();
  }
}
