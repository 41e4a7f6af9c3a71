// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

/** Reads a page of a pod's proxy, from any thread. */
interface PodPages {
  /**
   * Blocks for some seconds at most.
   *
   * @param path with its leading slash
   * @throws io.selvage.kube.api.ApiCallException if it cannot be read
   */
  String read(String namespace, String pod, int port, String path);
}
