// SPDX-License-Identifier: Apache-2.0
/**
 * Who a workload is and how it proves it: SPIFFE names, keys and certificate requests, issuing and
 * verifying X.509 certificates, trust bundles and the clock that renews them. It opens no sockets
 * and knows nothing of Kubernetes.
 */
@NullMarked
package io.selvage.identity;

import org.jspecify.annotations.NullMarked;
