// SPDX-License-Identifier: Apache-2.0
/**
 * What people are told about their objects: which problems are new and which are gone, and what
 * goes to the status sink.
 */
@NullMarked
package io.selvage.gateway.status;

import org.jspecify.annotations.NullMarked;
