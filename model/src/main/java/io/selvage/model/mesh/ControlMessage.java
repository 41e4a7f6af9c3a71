// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.mesh;

import static java.util.Objects.requireNonNull;

import java.util.List;

/** From the control plane to a proxy. */
public sealed interface ControlMessage {
  /**
   * The first message, the answer to Hello.
   *
   * @param instance which replica answers
   * @param reportMillis how often reports are wanted, 500..60000
   */
  record Welcome(int version, String instance, long reportMillis) implements ControlMessage {
    public Welcome {
      requireNonNull(instance, "instance");
    }
  }

  /**
   * Whom to believe from now on. During a rotation it holds the old and the new anchors.
   *
   * @param fingerprint SHA-256 of the anchors' DER, sorted, in lower-case hex
   * @param renew whether a new leaf is to be asked for now, because the issuer has changed
   * @param revision grows with each change, so that a replica that is behind cannot bring back what
   *     was before; 0 = not known, which is taken as it comes
   */
  record Bundle(String pem, String fingerprint, boolean renew, long revision)
      implements ControlMessage {
    public Bundle {
      requireNonNull(pem, "pem");
      requireNonNull(fingerprint, "fingerprint");
    }

    /** One of unknown revision. */
    public Bundle(String pem, String fingerprint, boolean renew) {
      this(pem, fingerprint, renew, 0);
    }
  }

  /**
   * How old what this replica knows is, as of now, because its own source is away: it grows from
   * here on. Sent when it begins, after Welcome where it has begun before, and when it is over.
   *
   * @param millis 0 = up to date again
   */
  record Age(long millis) implements ControlMessage {}

  /** How to treat what arrives; to sidecars only. */
  record Inbound(InboundSettings settings) implements ControlMessage {
    public Inbound {
      requireNonNull(settings, "settings");
    }
  }

  /**
   * Tells of exchanges from now on, or no longer. It ends with the stream too.
   *
   * @param id unique within the stream; a second Tap with it takes the place of the first
   * @param maxPerSecond exchanges told in a second, 0..{@value #MAX_PER_SECOND}; 0 = it is over
   * @param method only of this method; empty = any
   * @param scheme only of this scheme; empty = any
   * @param authority only of this authority; empty = any
   * @param pathPrefix only of paths that begin so
   * @param headers whether to tell the request's fields, with secrets redacted
   */
  record Tap(
      long id,
      int maxPerSecond,
      String method,
      String scheme,
      String authority,
      String pathPrefix,
      boolean headers)
      implements ControlMessage {
    public static final int MAX_PER_SECOND = 1_000;

    public Tap {
      requireNonNull(method, "method");
      requireNonNull(scheme, "scheme");
      requireNonNull(authority, "authority");
      requireNonNull(pathPrefix, "pathPrefix");
    }

    /** Ends a Tap. */
    public static Tap end(long id) {
      return new Tap(id, 0, "", "", "", "", false);
    }
  }

  /** What a subscribed address stands for. */
  record Destination(long id, DestinationUpdate update) implements ControlMessage {
    public Destination {
      requireNonNull(update, "update");
    }
  }

  /**
   * What is known of the addresses of endpoints; to gateways only, which know Services themselves.
   * By difference after the first. An address that is not named is one the control plane cannot
   * speak for: whether it may be spoken to in plaintext is not known.
   *
   * @param reset forget all before applying this
   * @param removed IP literals
   * @param more whether the rest of it follows in another message
   */
  record Workloads(boolean reset, List<KnownAddress> upserts, List<String> removed, boolean more)
      implements ControlMessage {
    public Workloads {
      upserts = List.copyOf(upserts);
      removed = List.copyOf(removed);
    }

    /** All of it in one message. */
    public Workloads(boolean reset, List<KnownAddress> upserts, List<String> removed) {
      this(reset, upserts, removed, false);
    }
  }

  /**
   * An address and how it is to be spoken to.
   *
   * @param address IP literal; a pod with several is sent several times
   * @param identity SPIFFE id it must prove; empty = known, and not meshed: plaintext
   * @param plainPorts ports on which it is spoken to in plaintext all the same
   * @param pod whose address it is; {@link PodRef#NONE} = no pod's, or several pods'
   */
  record KnownAddress(String address, String identity, List<PortRange> plainPorts, PodRef pod) {
    public KnownAddress {
      requireNonNull(address, "address");
      requireNonNull(identity, "identity");
      plainPorts = List.copyOf(plainPorts);
      requireNonNull(pod, "pod");
    }
  }
}
