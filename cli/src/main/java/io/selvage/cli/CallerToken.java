// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * A token by which the control plane of a cluster knows who calls.
 *
 * @param expires when it ends, if it was made for this call; empty if somebody else sees to that
 */
record CallerToken(String token, Optional<Instant> expires) {
  CallerToken {
    requireNonNull(token, "token");
    requireNonNull(expires, "expires");
  }

  /** The option of commands that need one. */
  static final class FileOption {
    @Option(
        names = "--token-file",
        paramLabel = "FILE",
        description = {
          "Bearer token for the cluster (default: that of the kubeconfig; or, if it has none, one"
              + " of",
          "the ServiceAccount selvage-operator, for which your account needs the right to create",
          "serviceaccounts/token)."
        })
    private @Nullable Path file;

    /**
     * What the file holds, or else what the way to the control plane gives.
     *
     * @return empty if nobody is asked for one
     * @throws CommandFailure if there is none where there must be one
     */
    Optional<CallerToken> token(ControlPlaneReach reach, PrintWriter err) throws CommandFailure {
      if (file == null) {
        return reach.token(err);
      }
      try {
        return Optional.of(of(Files.readString(file).strip()));
      } catch (IOException e) {
        throw CommandFailure.failed("--token-file " + file + " cannot be read");
      }
    }
  }

  static CallerToken of(String token) {
    return new CallerToken(token, Optional.empty());
  }

  /**
   * Adds it to a request.
   *
   * @throws CommandFailure if it is none
   */
  void addTo(HttpRequest.Builder request) throws CommandFailure {
    try {
      request.header("authorization", "Bearer " + token);
    } catch (IllegalArgumentException e) {
      throw CommandFailure.failed(
          "the bearer token is none: it holds a character that cannot be sent");
    }
  }

  /** Whether it is about to end, or has. */
  boolean isOver(Instant now) {
    return expires.isPresent() && !now.plusSeconds(60).isBefore(expires.get());
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "CallerToken[expires=" + expires + "]";
  }
}
