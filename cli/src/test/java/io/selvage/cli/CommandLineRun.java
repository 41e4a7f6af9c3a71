// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** One run of {@code mesh} in this JVM, with what it printed. */
record CommandLineRun(int code, String out, String err) {
  static CommandLineRun mesh(Object... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var words = new String[args.length];
    for (int i = 0; i < args.length; i++) {
      words[i] = args[i].toString();
    }
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), words);
    return new CommandLineRun(code, out.toString(), err.toString());
  }
}
