// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import static java.util.Objects.requireNonNull;

import io.fabric8.kubernetes.api.model.NamedContext;
import io.fabric8.kubernetes.client.Config;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which account of which cluster is meant, in the words of {@code kubectl}.
 *
 * @param file the kubeconfig; empty = the ambient one: {@code KUBECONFIG}, {@code ~/.kube/config}
 *     or, without either, the pod's own account
 * @param context one of its contexts; empty = its current one
 * @param user who is to be impersonated; empty = nobody
 * @param groups of whom is impersonated
 */
public record KubeAccount(
    Optional<Path> file, Optional<String> context, Optional<String> user, List<String> groups) {
  /** What is found without any option. */
  public static final KubeAccount AMBIENT =
      new KubeAccount(Optional.empty(), Optional.empty(), Optional.empty(), List.of());

  /** Names of contexts in one sentence. */
  private static final int MAX_NAMES = 10;

  private static final int MAX_REASON = 200;

  public KubeAccount {
    requireNonNull(file, "file");
    requireNonNull(context, "context");
    requireNonNull(user, "user");
    groups = List.copyOf(groups);
  }

  /** Whether somebody chose anything, so that nothing but this cluster is meant. */
  public boolean isChosen() {
    return file.isPresent() || context.isPresent() || user.isPresent() || !groups.isEmpty();
  }

  /** Whether there is an account at all: a kubeconfig, or that of a pod. */
  public boolean isConfigured() {
    return hasKubeconfig() || System.getenv("KUBERNETES_SERVICE_HOST") != null;
  }

  /** Whether there is a kubeconfig; says nothing of whether it is any good. */
  public boolean hasKubeconfig() {
    return file.isPresent() || !ambientFiles().isEmpty();
  }

  /** The files there are of those that the environment names; the client merges them. */
  private static List<Path> ambientFiles() {
    try {
      return Config.getKubeconfigFilenames().stream()
          .filter(name -> !name.isEmpty())
          .map(Path::of)
          .filter(Files::isRegularFile)
          .toList();
    } catch (InvalidPathException e) {
      throw new KubeconfigException("KUBECONFIG names what is no path: " + e.getInput(), e);
    }
  }

  /**
   * The client's form.
   *
   * @throws KubeconfigException if there is no such thing, or it is not understood
   */
  Config config() {
    List<Path> files = file.map(List::of).orElseGet(KubeAccount::ambientFiles);
    for (Path each : files) {
      requireReadable(each);
    }
    if (context.isPresent() && files.isEmpty()) {
      throw new KubeconfigException("there is no kubeconfig to look for a context in");
    }
    String named = files.stream().map(Path::toString).collect(Collectors.joining(", "));
    Config config;
    try {
      config =
          file.isPresent()
              ? Config.fromKubeconfig(context.orElse(null), file.get().toFile())
              : Config.autoConfigure(context.orElse(null));
    } catch (RuntimeException e) {
      throw new KubeconfigException("the kubeconfig " + named + " cannot be used: " + reason(e), e);
    }
    if (!files.isEmpty()) {
      requireContext(config, named);
    }
    ClientKeys.nameAlgorithm(config);
    if (user.isPresent()) {
      config.setImpersonateUsername(user.get());
      config.setImpersonateGroups(groups.toArray(String[]::new));
    } else if (!groups.isEmpty()) {
      throw new KubeconfigException("groups are impersonated with a user only");
    }
    return config;
  }

  private static void requireReadable(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new KubeconfigException("there is no kubeconfig " + file);
    }
    if (!Files.isReadable(file)) {
      throw new KubeconfigException("the kubeconfig " + file + " cannot be read");
    }
  }

  /** The client goes to some default cluster rather than to say that a name is none. */
  private void requireContext(Config config, String named) {
    NamedContext current = config.getCurrentContext();
    String known =
        config.getContexts().stream()
            .map(NamedContext::getName)
            .sorted()
            .limit(MAX_NAMES)
            .collect(Collectors.joining(", "));
    String have = known.isEmpty() ? "it has none" : "it has " + known;
    if (context.isPresent() && (current == null || !context.get().equals(current.getName()))) {
      throw new KubeconfigException(
          "the kubeconfig %s has no context \"%s\": %s".formatted(named, context.get(), have));
    }
    if (current == null) {
      throw new KubeconfigException(
          "the kubeconfig %s has no current context: %s".formatted(named, have));
    }
    if (config.getFileWithCluster() == null) {
      throw new KubeconfigException(
          "the kubeconfig %s says no server for the context %s"
              .formatted(named, current.getName()));
    }
  }

  /** Of a parser, the first line of the innermost cause; the others are excerpts of the file. */
  static String reason(Throwable e) {
    if (e instanceof NullPointerException) {
      return "what it must say is missing, such as the server of a cluster";
    }
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String text =
        cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    String line = text.lines().findFirst().orElse("");
    return line.length() > MAX_REASON ? line.substring(0, MAX_REASON) + "..." : line;
  }
}
