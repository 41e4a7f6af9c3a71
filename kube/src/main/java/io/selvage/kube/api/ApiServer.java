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
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.OAuthTokenProvider;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.KindSelection;
import io.selvage.model.kube.Kind;
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
   *
   * @throws KubeconfigException if there is one that cannot be used
   */
  public static ApiServer connect(ApiServerOptions options) {
    return connect(KubeAccount.AMBIENT, options);
  }

  /**
   * Uses the account that is meant. Connects lazily.
   *
   * @throws KubeconfigException if it cannot be used
   */
  public static ApiServer connect(KubeAccount account, ApiServerOptions options) {
    try {
      return connect(account.config(), options);
    } catch (KubernetesClientException | IllegalArgumentException e) {
      // Keys and certificates are looked at when the client is made.
      throw new KubeconfigException("the kubeconfig cannot be used: " + KubeAccount.reason(e), e);
    }
  }

  /** Which cluster this is, for people: the URL and, where a kubeconfig says it, the context. */
  public String cluster() {
    var context = client.getConfiguration().getCurrentContext();
    return client.getMasterUrl()
        + (context == null || context.getName() == null
            ? ""
            : " (context " + context.getName() + ")");
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
