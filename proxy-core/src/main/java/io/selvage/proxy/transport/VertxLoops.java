// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.transport;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.transport.Transport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Vert.x's event loops as those of the data path: channels of our own are registered on the loops
 * that also run Vert.x's timers and contexts, so one connection is one thread throughout. Apart
 * from {@link EventLoops}, because a sidecar has no Vert.x at all.
 */
public final class VertxLoops {
  private static final Logger log = LoggerFactory.getLogger(VertxLoops.class);

  private VertxLoops() {}

  /** The loops of a running Vert.x. */
  public static EventLoops of(Vertx vertx) {
    return EventLoops.of(((VertxInternal) vertx).nettyEventLoopGroup());
  }

  /**
   * Starts Vert.x on the wanted transport, or with a warning on the JDK's where the native library
   * is missing.
   *
   * @param eventLoops number of loops; 0 = Vert.x's default of two per core
   */
  public static Vertx create(TransportKind wanted, int eventLoops) {
    Transport transport =
        switch (wanted) {
          case EPOLL -> Transport.EPOLL;
          case IO_URING -> Transport.IO_URING;
          case NIO -> Transport.NIO;
        };
    if (transport == null || !transport.available()) {
      log.atWarn()
          .addKeyValue("transport", wanted)
          .setCause(transport == null ? null : transport.unavailabilityCause())
          .log("the transport is not available here, the JDK's selectors are used instead");
      transport = Transport.NIO;
    }
    // Nothing of ours is looked for on the class path by Vert.x, so it needs no folder to unpack it
    // to: a container's file system may be read-only, /tmp included.
    VertxOptions options =
        new VertxOptions()
            .setFileSystemOptions(new FileSystemOptions().setClassPathResolvingEnabled(false));
    if (eventLoops > 0) {
      options.setEventLoopPoolSize(eventLoops);
    }
    return Vertx.builder().with(options).withTransport(transport).build();
  }
}
