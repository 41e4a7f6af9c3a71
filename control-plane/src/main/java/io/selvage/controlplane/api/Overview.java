// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * How the control plane and its proxies are, for {@code GET /api/v1/overview}. Times are ISO 8601;
 * an empty text is a time not known.
 *
 * @param instance name of the replica that answers
 * @param trustDomain of all identities
 * @param time of the answer
 * @param source the folder or the API server
 * @param problems errors first, at most {@link #MAX_PROBLEMS}
 * @param problemCount all of them
 * @param proxies those with trouble first, at most {@link #MAX_PROXIES}
 * @param proxyCount all of them
 * @param links other pages served under this one
 */
public record Overview(
    @JsonProperty("instance") String instance,
    @JsonProperty("trust_domain") String trustDomain,
    @JsonProperty("time") String time,
    @JsonProperty("source") Source source,
    @JsonProperty("problems") List<Finding> problems,
    @JsonProperty("problem_count") int problemCount,
    @JsonProperty("proxies") List<Proxy> proxies,
    @JsonProperty("proxy_count") int proxyCount,
    @JsonProperty("links") List<Link> links) {
  public static final int MAX_PROBLEMS = 200;
  public static final int MAX_PROXIES = 500;

  public Overview {
    problems = List.copyOf(problems);
    proxies = List.copyOf(proxies);
    links = List.copyOf(links);
  }

  /**
   * Where the objects come from.
   *
   * @param connected whether it can be read now
   * @param detail what is wrong, for people; empty if nothing is
   * @param since when {@code connected} last changed
   */
  public record Source(
      @JsonProperty("connected") boolean connected,
      @JsonProperty("detail") String detail,
      @JsonProperty("since") String since) {}

  /**
   * Something to mend.
   *
   * @param severity {@code error} or {@code warning}
   * @param about an object as {@code Kind namespace/name}, or a part of the mesh
   * @param where file and line; empty where there is none
   */
  public record Finding(
      @JsonProperty("severity") String severity,
      @JsonProperty("about") String about,
      @JsonProperty("where") String where,
      @JsonProperty("reason") String reason,
      @JsonProperty("message") String message) {
    public static final String ERROR = "error";
    public static final String WARNING = "warning";
  }

  /**
   * A proxy that keeps a stream to this replica.
   *
   * @param kind {@code sidecar} or {@code gateway}
   * @param identity SPIFFE id
   * @param certificateEnd end of its leaf
   * @param bundleCurrent whether it believes the trust bundle in use
   * @param trouble what is wrong with it, for people; empty if nothing is
   */
  public record Proxy(
      @JsonProperty("namespace") String namespace,
      @JsonProperty("pod") String pod,
      @JsonProperty("kind") String kind,
      @JsonProperty("identity") String identity,
      @JsonProperty("version") String version,
      @JsonProperty("since") String since,
      @JsonProperty("certificate_end") String certificateEnd,
      @JsonProperty("bundle_current") boolean bundleCurrent,
      @JsonProperty("trouble") String trouble) {}

  /**
   * Another page.
   *
   * @param path below this page's
   */
  public record Link(@JsonProperty("name") String name, @JsonProperty("path") String path) {}
}
