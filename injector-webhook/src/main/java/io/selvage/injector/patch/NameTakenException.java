// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.patch;

/** A pod that uses a name of Selvage's for something of its own. */
public final class NameTakenException extends Exception {
  NameTakenException(String what, String name) {
    super("%s %s: the name is kept for the sidecar, choose another".formatted(what, name));
  }
}
