// SPDX-License-Identifier: Apache-2.0
/** What a cluster of many objects costs, on a real kube-apiserver without nodes. */
@NullMarked
package io.selvage.bench.cluster;

import org.jspecify.annotations.NullMarked;
