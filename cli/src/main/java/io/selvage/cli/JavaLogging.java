// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import org.slf4j.bridge.SLF4JBridgeHandler;

/** What libraries log by java.util.logging, which would write a format of its own. */
final class JavaLogging {
  private JavaLogging() {}

  /** From now on it goes where everything else is logged. */
  static void bridge() {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }
}
