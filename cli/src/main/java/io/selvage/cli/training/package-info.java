// SPDX-License-Identifier: Apache-2.0
/**
 * Runs that fill the ahead-of-time caches of the command line, of a sidecar and of the components
 * of an image: a JVM learns which classes to keep ready from a short life of the real thing. Used
 * by the build alone.
 */
@NullMarked
package io.selvage.cli.training;

import org.jspecify.annotations.NullMarked;
