// SPDX-License-Identifier: Apache-2.0
package io.selvage.sidecar.admin;

/** A finished answer. */
record AdminAnswer(int status, String body) {}
