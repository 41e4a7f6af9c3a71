// SPDX-License-Identifier: Apache-2.0
/**
 * Kubernetes objects reduced to what Selvage reads, as records that Jackson fills from YAML or
 * JSON. A kind is registered in {@link io.selvage.model.kube.Kind}; all objects of one moment form
 * a {@link io.selvage.model.kube.ClusterState}. Sources of objects live in module {@code kube}.
 */
@NullMarked
package io.selvage.model.kube;

import org.jspecify.annotations.NullMarked;
