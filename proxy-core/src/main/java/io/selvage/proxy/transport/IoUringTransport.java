// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.transport;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * What io_uring has for {@link EventLoops}. A class of its own, so that a process which does not
 * use it needs none of its classes: a sidecar's class path has not got them.
 */
final class IoUringTransport {
  private IoUringTransport() {}

  /** Null where the kernel or the native library does not offer it. */
  static @Nullable IoHandlerFactory newFactory() {
    return IoUring.isAvailable() ? IoUringIoHandler.newFactory() : null;
  }

  static ServerChannel newServerChannel() {
    return new IoUringServerSocketChannel();
  }

  static SocketChannel newSocketChannel() {
    return new IoUringSocketChannel();
  }
}
