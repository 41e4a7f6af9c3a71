// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.routing;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.TreeSet;

/**
 * Edits of a header block: removals first, then additions in order.
 *
 * @param remove lower-case names
 */
public record HeaderEdits(List<String> remove, List<Add> add) {
  public static final HeaderEdits NONE = new HeaderEdits(List.of(), List.of());

  public HeaderEdits {
    remove = List.copyOf(new TreeSet<>(remove));
    add = List.copyOf(add);
  }

  public boolean isEmpty() {
    return remove.isEmpty() && add.isEmpty();
  }

  /**
   * One header to set.
   *
   * @param append true keeps existing values beside the new one, false replaces them
   */
  public record Add(String name, List<ValuePart> value, boolean append) {
    public Add {
      requireNonNull(name, "name");
      value = List.copyOf(value);
    }

    public static Add literal(String name, String value, boolean append) {
      return new Add(name, List.of(new ValuePart.Literal(value)), append);
    }
  }

  /** A piece of a header value: text, or something known only when the request is there. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
  public sealed interface ValuePart {
    /** Text as is; checked to be a legal field value when compiled. */
    record Literal(String text) implements ValuePart {}

    /** A fact about the exchange. */
    record Variable(Fact fact) implements ValuePart {}

    /** A request header's value ({@code %REQ(name)%}), empty when absent. */
    record RequestHeader(String name) implements ValuePart {}
  }

  /** Facts about an exchange that a header value may carry (Envoy's names in brackets). */
  public enum Fact {
    /** Client IP without port (DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT). */
    CLIENT_ADDRESS,
    /** Client IP and port (DOWNSTREAM_REMOTE_ADDRESS). */
    CLIENT_ADDRESS_PORT,
    /** Local address and port (DOWNSTREAM_LOCAL_ADDRESS). */
    LOCAL_ADDRESS,
    /** Local port (DOWNSTREAM_LOCAL_PORT). */
    LOCAL_PORT,
    /** HTTP/1.1, HTTP/2 (PROTOCOL). */
    PROTOCOL,
    /** TLS version of the client's connection (DOWNSTREAM_TLS_VERSION), empty for plaintext. */
    TLS_VERSION,
    /** Subject of the verified client certificate (DOWNSTREAM_PEER_SUBJECT). */
    PEER_SUBJECT,
    /** SHA-256 of the verified client certificate in hex (DOWNSTREAM_PEER_FINGERPRINT_256). */
    PEER_FINGERPRINT,
    /** SPIFFE id the client has proved within the mesh; empty when it has proved none. */
    PEER_IDENTITY,
    /** Start of the exchange, RFC 3339 with milliseconds, UTC (START_TIME). */
    START_TIME,
    /** Endpoint address and port (UPSTREAM_HOST). */
    UPSTREAM_ADDRESS,
    /** Response status (RESPONSE_CODE). */
    RESPONSE_STATUS,
    /** Request id (REQ(X-REQUEST-ID)). */
    REQUEST_ID,
    /** Name of the route (ROUTE_NAME). */
    ROUTE_NAME
  }
}
