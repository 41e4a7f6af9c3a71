// SPDX-License-Identifier: Apache-2.0
/** The sidecar as a process: what it is put together from, how it begins and how it leaves. */
@NullMarked
package io.selvage.sidecar.process;

import org.jspecify.annotations.NullMarked;
