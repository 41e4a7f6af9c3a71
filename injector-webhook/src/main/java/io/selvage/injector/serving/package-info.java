// SPDX-License-Identifier: Apache-2.0
/** The webhook's own certificate: made, stored, renewed, and announced to the API server. */
@NullMarked
package io.selvage.injector.serving;

import org.jspecify.annotations.NullMarked;
