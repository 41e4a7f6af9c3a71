// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A raw connection opened before it is known whether the client wants one: towards a server that
 * may speak first. The client's channel stays with whoever is finding that out until {@link
 * #carry}. Confined to the client channel's event loop.
 */
public interface SpeculativeTcp {
  /** Hears what comes of it, at most one call, never from within a call to the object. */
  interface Listener {
    /**
     * The server has sent its first bytes, which are kept.
     *
     * @param first to be looked at during the call, and neither consumed nor released
     */
    void onServerSpoke(ByteBuf first);

    /** The server is there and has ended its side without a word. */
    void onServerEnded();

    /** No endpoint could be reached, or it broke off: it has been reported, and this is over. */
    void onFailed();
  }

  /**
   * The client's bytes go to the server and the server's to the client from now on, whether the
   * connection is there already or still to come. The pipeline holds nothing that looks at bytes
   * any more but TLS.
   *
   * @param first what the client has sent so far, handed over; null = nothing
   */
  void carry(@Nullable ByteBuf first);

  /** The connection is not wanted: it is closed, and no report is made of it. */
  void drop();
}
