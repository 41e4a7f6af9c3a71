// SPDX-License-Identifier: Apache-2.0
/**
 * Ingress v1 by the specification, and as Emissary serves it for classes of its controller. Entry
 * point: {@link io.selvage.gateway.translate.ingress.IngressProcessor}.
 */
@NullMarked
package io.selvage.gateway.translate.ingress;

import org.jspecify.annotations.NullMarked;
