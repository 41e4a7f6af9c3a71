// SPDX-License-Identifier: Apache-2.0
/** The sidecar's admin port: on the data path's own codec, so that no other server is carried. */
@NullMarked
package io.selvage.sidecar.admin;

import org.jspecify.annotations.NullMarked;
