// SPDX-License-Identifier: Apache-2.0
/** What annotations say about a sidecar: read, checked and put into order of precedence. Pure. */
@NullMarked
package io.selvage.injector.config;

import org.jspecify.annotations.NullMarked;
