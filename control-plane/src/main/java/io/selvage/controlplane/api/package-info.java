// SPDX-License-Identifier: Apache-2.0
/** JSON over HTTP: what {@code mesh edges}, {@code stat}, {@code top} and {@code routes} ask. */
@NullMarked
package io.selvage.controlplane.api;

import org.jspecify.annotations.NullMarked;
