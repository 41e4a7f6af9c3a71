// SPDX-License-Identifier: Apache-2.0
/**
 * Runs of the components of an image that fill its ahead-of-time cache: a JVM learns which classes
 * to keep ready from a short life of the real thing. Used by the build alone.
 */
@NullMarked
package io.selvage.cli.training;

import org.jspecify.annotations.NullMarked;
