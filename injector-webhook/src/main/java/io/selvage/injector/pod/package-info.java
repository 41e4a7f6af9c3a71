// SPDX-License-Identifier: Apache-2.0
/** A pod as a JSON tree, and the decision whether it gets a sidecar. Pure. */
@NullMarked
package io.selvage.injector.pod;

import org.jspecify.annotations.NullMarked;
