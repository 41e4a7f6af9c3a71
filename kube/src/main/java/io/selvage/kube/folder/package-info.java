// SPDX-License-Identifier: Apache-2.0
/**
 * A watched folder of manifests as a source of cluster states. {@link
 * io.selvage.kube.folder.FolderSource} owns the one thread; scanning, the memory of what was last
 * good and reading are values and small classes around it. No client library is needed here.
 */
@NullMarked
package io.selvage.kube.folder;

import org.jspecify.annotations.NullMarked;
