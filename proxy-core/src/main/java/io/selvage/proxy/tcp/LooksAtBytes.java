// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tcp;

import io.netty.channel.ChannelHandler;

/** A handler that must see the bytes of a raw connection: they are not moved past the pipeline. */
public interface LooksAtBytes extends ChannelHandler {}
