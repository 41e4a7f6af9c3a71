// SPDX-License-Identifier: Apache-2.0
package io.selvage.testkit;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Gives every wait that says no limit of its own 30 s, which a busy machine may need, instead of
 * Awaitility's 10 s. Registered for every test of a module that uses the testkit.
 */
public final class PatientWaits implements BeforeAllCallback {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Override
  public void beforeAll(@Nullable ExtensionContext context) {
    Awaitility.setDefaultTimeout(LIMIT);
  }
}
