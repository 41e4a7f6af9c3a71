// SPDX-License-Identifier: Apache-2.0
/**
 * {@code mesh demo}: the gateway that {@code mesh gateway} runs, on a folder of manifests it writes
 * itself, in front of sample backends on loopback. With {@code --check} it also is the client and
 * the operator, and says of each promise whether it was kept. Everything is tried over real
 * sockets; nothing here reaches into the gateway.
 */
@NullMarked
package io.selvage.cli.demo;

import org.jspecify.annotations.NullMarked;
