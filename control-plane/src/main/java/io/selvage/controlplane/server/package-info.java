// SPDX-License-Identifier: Apache-2.0
/** gRPC over HTTP/2 on mutual TLS: reads and writes messages, believes nobody. */
@NullMarked
package io.selvage.controlplane.server;

import org.jspecify.annotations.NullMarked;
