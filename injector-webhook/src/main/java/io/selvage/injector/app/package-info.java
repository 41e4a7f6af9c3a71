// SPDX-License-Identifier: Apache-2.0
/** The injector as a process. */
@NullMarked
package io.selvage.injector.app;

import org.jspecify.annotations.NullMarked;
