// SPDX-License-Identifier: Apache-2.0
/** What is added to a pod that gets a sidecar, as a JSON Patch. Pure. */
@NullMarked
package io.selvage.injector.patch;

import org.jspecify.annotations.NullMarked;
