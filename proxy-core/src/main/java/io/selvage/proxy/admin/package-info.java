// SPDX-License-Identifier: Apache-2.0
/** The admin port: readiness, liveness, metrics, tables, drain. */
@NullMarked
package io.selvage.proxy.admin;

import org.jspecify.annotations.NullMarked;
