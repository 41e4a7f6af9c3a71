// SPDX-License-Identifier: Apache-2.0
/** The same for manifests on disk: what {@code mesh inject} and {@code mesh uninject} do. Pure. */
@NullMarked
package io.selvage.injector.manifest;

import org.jspecify.annotations.NullMarked;
