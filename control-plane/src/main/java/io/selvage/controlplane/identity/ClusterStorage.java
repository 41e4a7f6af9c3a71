// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.kube.api.ApiCallException;
import io.selvage.kube.api.NamedObjects;
import io.selvage.kube.api.NamedObjects.Type;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Issuer and anchors in a cluster: the Secret {@value #SECRET} with {@code tls.crt} and {@code
 * tls.key} (or {@code crt.pem} and {@code key.pem}), and the ConfigMap {@value #CONFIG_MAP} with
 * {@value #BUNDLE_KEY}. What cert-manager or trust-manager made is read and never written; so is
 * everything where somebody else keeps it.
 */
public final class ClusterStorage implements IssuerStorage {
  public static final String SECRET = "selvage-identity-issuer";
  public static final String CONFIG_MAP = "selvage-trust-roots";
  public static final String BUNDLE_KEY = "ca-bundle.crt";

  /** On the ConfigMap: where a rotation stands. */
  static final String ROTATION = "selvage.io/identity-rotation";

  /** On the ConfigMap: grows with each change of the bundle that is made here. */
  static final String REVISION = "selvage.io/trust-revision";

  private static final String CERT_MANAGER = "cert-manager.io/certificate-name";
  private static final String TRUST_MANAGER = "trust.cert-manager.io/bundle";
  private static final String EXTERNAL =
      "issuer and trust anchors are somebody else's to keep (--external-identity)";
  private static final Logger log = LoggerFactory.getLogger(ClusterStorage.class);

  /** Beyond the poll interval of the other replicas. */
  private static final Duration LAG = Duration.ofSeconds(15);

  private final NamedObjects objects;
  private final String namespace;
  private final boolean external;
  private final List<AutoCloseable> watches = new ArrayList<>();
  private @Nullable ObjectNode secret;
  private @Nullable ObjectNode configMap;

  /**
   * @param namespace the control plane's
   * @param external whether somebody else keeps both objects: then nothing is ever written
   */
  public ClusterStorage(NamedObjects objects, String namespace, boolean external) {
    this.objects = requireNonNull(objects, "objects");
    this.namespace = requireNonNull(namespace, "namespace");
    this.external = external;
  }

  @Override
  public IssuerFiles read() throws StorageException {
    try {
      secret = objects.get(Type.SECRET, namespace, SECRET).orElse(null);
      configMap = objects.get(Type.CONFIG_MAP, namespace, CONFIG_MAP).orElse(null);
    } catch (ApiCallException e) {
      throw new StorageException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }
    boolean pem = isPemScheme(secret);
    return new IssuerFiles(
        text(configMap, BUNDLE_KEY),
        bytes(secret, pem ? "crt.pem" : "tls.crt"),
        bytes(secret, pem ? "key.pem" : "tls.key"),
        bytes(secret, "next.crt"),
        bytes(secret, "next.key"),
        configMap == null
            ? ""
            : configMap.path("metadata").path("annotations").path(ROTATION).asText(""));
  }

  private static boolean isPemScheme(@Nullable JsonNode secret) {
    return secret != null && secret.path("data").has("crt.pem");
  }

  private static String text(@Nullable JsonNode object, String key) {
    return object == null ? "" : object.path("data").path(key).asText("");
  }

  private static String bytes(@Nullable JsonNode object, String key) throws StorageException {
    String base64 = text(object, key);
    try {
      return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new StorageException("Secret " + SECRET + ": " + key + " is not base64", e);
    }
  }

  @Override
  public void write(IssuerFiles before, IssuerFiles after) throws StorageException {
    if (external) {
      throw new StorageException(EXTERNAL);
    }
    if (!read().equals(before)) {
      throw StorageException.conflict(
          describe() + " was changed by somebody else at the same time");
    }
    try {
      if (!after.nextChain().isEmpty() && !after.nextChain().equals(before.nextChain())) {
        writeSecret(before.withNext(after.nextChain(), after.nextKey()));
      }
      if (!after.rotation().equals(before.rotation())
          || !after.bundle().equals(before.bundle())
          || configMap == null) {
        writeConfigMap(after);
      }
      if (!after.chain().equals(before.chain())
          || !after.key().equals(before.key())
          || after.nextChain().isEmpty() && !before.nextChain().isEmpty()) {
        writeSecret(after);
      }
    } catch (ApiCallException e) {
      String message = e.getMessage() == null ? e.toString() : e.getMessage();
      throw e.isConflict() ? StorageException.conflict(message) : new StorageException(message, e);
    }
  }

  private void writeSecret(IssuerFiles files) {
    ObjectNode object = secret == null ? fresh(SECRET) : secret.deepCopy();
    boolean create = secret == null;
    if (create) {
      object.put("type", "kubernetes.io/tls");
    }
    boolean pem = isPemScheme(secret);
    ObjectNode data = object.withObject("/data");
    // A Secret of type kubernetes.io/tls must have both, if only empty, while there is but a next.
    data.put(pem ? "crt.pem" : "tls.crt", base64(files.chain()));
    data.put(pem ? "key.pem" : "tls.key", base64(files.key()));
    put(data, "next.crt", files.nextChain());
    put(data, "next.key", files.nextKey());
    secret = create ? objects.create(Type.SECRET, object) : objects.replace(Type.SECRET, object);
  }

  private void writeConfigMap(IssuerFiles files) {
    ObjectNode object = configMap == null ? fresh(CONFIG_MAP) : configMap.deepCopy();
    boolean changed = !text(configMap, BUNDLE_KEY).equals(files.bundle());
    object.withObject("/data").put(BUNDLE_KEY, files.bundle());
    ObjectNode annotations = object.withObject("/metadata").withObject("/annotations");
    if (changed) {
      // By the clock, so that a ConfigMap made anew does not begin below the one before.
      long next = Math.max(revision(configMap) + 1, System.currentTimeMillis());
      annotations.put(REVISION, Long.toString(next));
    }
    if (files.rotation().isEmpty()) {
      annotations.remove(ROTATION);
    } else {
      annotations.put(ROTATION, files.rotation());
    }
    configMap =
        configMap == null
            ? objects.create(Type.CONFIG_MAP, object)
            : objects.replace(Type.CONFIG_MAP, object);
  }

  private ObjectNode fresh(String name) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.putObject("metadata").put("name", name).put("namespace", namespace);
    return object;
  }

  private static void put(ObjectNode data, String key, String text) {
    if (text.isEmpty()) {
      data.remove(key);
    } else {
      data.put(key, base64(text));
    }
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void watch(Runnable changed) {
    watches.add(objects.watch(Type.SECRET, namespace, SECRET, _ -> changed.run()));
    watches.add(objects.watch(Type.CONFIG_MAP, namespace, CONFIG_MAP, _ -> changed.run()));
  }

  @Override
  public Optional<String> readOnly() {
    if (external) {
      return Optional.of(EXTERNAL);
    }
    if (secret != null && secret.path("metadata").path("annotations").has(CERT_MANAGER)) {
      return Optional.of("the Secret " + SECRET + " belongs to cert-manager");
    }
    if (configMap != null && configMap.path("metadata").path("labels").has(TRUST_MANAGER)) {
      return Optional.of("the ConfigMap " + CONFIG_MAP + " belongs to trust-manager");
    }
    return Optional.empty();
  }

  @Override
  public List<String> missing() {
    var missing = new ArrayList<String>();
    if (secret == null) {
      missing.add("no Secret " + namespace + "/" + SECRET);
    }
    if (configMap == null) {
      missing.add("no ConfigMap " + namespace + "/" + CONFIG_MAP);
    }
    return missing;
  }

  @Override
  public long revision() {
    return revision(configMap);
  }

  private static long revision(@Nullable JsonNode configMap) {
    return configMap == null
        ? 0
        : Math.max(0, configMap.path("metadata").path("annotations").path(REVISION).asLong(0));
  }

  @Override
  public boolean mayGoBack() {
    return readOnly().isEmpty();
  }

  @Override
  public Optional<ReplicaBoard> board() {
    return Optional.of(new ConfigMapBoard(objects, namespace));
  }

  @Override
  public Duration lag() {
    return LAG;
  }

  @Override
  public String describe() {
    return "Secret " + namespace + "/" + SECRET + " and ConfigMap " + namespace + "/" + CONFIG_MAP;
  }

  @Override
  public void close() {
    for (AutoCloseable watch : watches) {
      try {
        watch.close();
      } catch (Exception e) {
        log.debug("closing a watch", e);
      }
    }
  }
}
