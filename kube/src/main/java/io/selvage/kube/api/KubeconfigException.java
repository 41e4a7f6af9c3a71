// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

/** A kubeconfig that says nothing usable. The message is a sentence for people. */
public final class KubeconfigException extends RuntimeException {
  private static final long serialVersionUID = 1;

  KubeconfigException(String message) {
    super(message);
  }

  KubeconfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
