// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Checks that belong together.
 *
 * @param name as it is printed
 * @param applies asked when its turn comes; a part that is not installed is left out
 * @param checks asked for when its turn comes, too: they may go by what was found before
 */
record Category(String name, BooleanSupplier applies, Supplier<List<Check>> checks) {
  Category {
    requireNonNull(name, "name");
    requireNonNull(applies, "applies");
    requireNonNull(checks, "checks");
  }

  Category(String name, Supplier<List<Check>> checks) {
    this(name, () -> true, checks);
  }

  /** The same where something holds. */
  static Category onlyIf(BooleanSupplier applies, Category category) {
    return new Category(category.name, applies, category.checks);
  }
}
