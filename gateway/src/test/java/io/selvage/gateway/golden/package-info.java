// SPDX-License-Identifier: Apache-2.0
/**
 * Golden folders: {@code src/test/resources/golden/<suite>/<scenario>/in-*.yaml} compiled and
 * compared with {@code out-*.yaml} beside them. {@code mvn -Dgolden.update=true} writes them anew.
 */
@NullMarked
package io.selvage.gateway.golden;

import org.jspecify.annotations.NullMarked;
