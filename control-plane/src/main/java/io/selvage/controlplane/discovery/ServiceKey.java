// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.discovery;

/** Names a Service. */
record ServiceKey(String namespace, String name) {}
