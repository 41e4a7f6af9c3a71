// SPDX-License-Identifier: Apache-2.0
/** Tests of the Emissary dialect: golden scenarios, the schemas, and the small texts it reads. */
@NullMarked
package io.selvage.gateway.translate.emissary;

import org.jspecify.annotations.NullMarked;
