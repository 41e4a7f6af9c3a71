// SPDX-License-Identifier: Apache-2.0
/** The page that {@code mesh dashboard} opens: files as they are, and nothing from elsewhere. */
@NullMarked
package io.selvage.controlplane.page;

import org.jspecify.annotations.NullMarked;
