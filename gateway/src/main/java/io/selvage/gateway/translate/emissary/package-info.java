// SPDX-License-Identifier: Apache-2.0
/**
 * The {@code getambassador.io} kinds translated into the routing model: Listener, Host, Mapping,
 * TLSContext, TCPMapping, Module and the resolvers. Pure functions of the cluster state. Where
 * Emissary's code and its documentation differ, the documentation is followed, and the difference
 * is named beside the line. May import {@code model} and the compile framework; no Netty, no
 * Vert.x, no client library.
 */
@NullMarked
package io.selvage.gateway.translate.emissary;

import org.jspecify.annotations.NullMarked;
