// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.cli.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** The demo's own check, on the classes of this build. */
class DemoCheckIT {
  @Test
  void everyPromiseIsKept() {
    var out = new StringWriter();
    var err = new StringWriter();
    int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), "demo", "--check");
    assertThat(out.toString()).doesNotContain("×").contains(" kept, 0 broken");
    assertThat(err.toString()).isEmpty();
    assertThat(code).isZero();
  }
}
