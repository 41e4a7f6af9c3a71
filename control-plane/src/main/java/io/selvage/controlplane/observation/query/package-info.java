// SPDX-License-Identifier: Apache-2.0
/**
 * Questions about traffic and their answers: what was asked, checked ({@code *Request}), the tables
 * worked out of the pairs ({@code *Table}), and their rows ({@code *Row}).
 */
@NullMarked
package io.selvage.controlplane.observation.query;

import org.jspecify.annotations.NullMarked;
