// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.pod;

/** A pod of a shape that the API server itself would not take. */
public final class BadPodException extends Exception {
  /**
   * @param path such as {@code spec.containers[0].name}
   * @param wanted what should be there
   */
  public BadPodException(String path, String wanted) {
    super(path + " is not " + wanted);
  }
}
