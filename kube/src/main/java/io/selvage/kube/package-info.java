// SPDX-License-Identifier: Apache-2.0
/**
 * Where Kubernetes objects come from and where their status goes: a watched folder of manifests and
 * the API server behind one interface, the status writer, the leader lease and TokenReview. Client
 * library types end here; everything above sees the model.
 */
@NullMarked
package io.selvage.kube;

import org.jspecify.annotations.NullMarked;
