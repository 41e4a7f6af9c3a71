// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.manifest;

/** A manifest that cannot be transformed; nothing of it should be used. */
public final class TransformException extends Exception {
  TransformException(String message) {
    super(message);
  }
}
