// SPDX-License-Identifier: Apache-2.0
/**
 * Text of manifests to objects of the model: YAML and JSON are read into a {@link
 * io.selvage.kube.manifest.Tree} that remembers lines, trees become records through Jackson, and
 * whatever is wrong becomes a {@link io.selvage.model.Problem} with file, line, object and field.
 * Entry point: {@link io.selvage.kube.manifest.ManifestReader}. Knows no file system and no API
 * server.
 */
@NullMarked
package io.selvage.kube.manifest;

import org.jspecify.annotations.NullMarked;
