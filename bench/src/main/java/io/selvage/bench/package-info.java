// SPDX-License-Identifier: Apache-2.0
/** Benchmarks of parts, and of the whole beside other proxies in the same run. Not shipped. */
@NullMarked
package io.selvage.bench;

import org.jspecify.annotations.NullMarked;
