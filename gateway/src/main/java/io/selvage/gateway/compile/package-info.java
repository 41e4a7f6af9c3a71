// SPDX-License-Identifier: Apache-2.0
/**
 * From all Kubernetes objects of one moment to what the data path runs: {@link
 * io.selvage.gateway.compile.GatewayCompiler} runs the processors of {@code gateway.translate} in
 * their order and builds one {@link io.selvage.gateway.compile.CompileResult}. Pure: no clock of
 * its own, no file, no socket.
 */
@NullMarked
package io.selvage.gateway.compile;

import org.jspecify.annotations.NullMarked;
