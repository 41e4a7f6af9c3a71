// SPDX-License-Identifier: Apache-2.0
/** The admission webhook: reviews in, patches out, over HTTPS. */
@NullMarked
package io.selvage.injector.webhook;

import org.jspecify.annotations.NullMarked;
