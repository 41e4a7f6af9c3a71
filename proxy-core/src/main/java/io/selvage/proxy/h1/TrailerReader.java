// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.h1;

import io.selvage.model.routing.Settings.Underscores;
import io.selvage.proxy.http.HeaderBlock;
import org.jspecify.annotations.Nullable;

/** Reads a trailer section, by the rules of a head's fields. */
final class TrailerReader extends HeadReader {
  private final HeaderBlock fields = new HeaderBlock(256, 8);

  void start(int maxBytes, int maxFields) {
    reset(fields, false, 0, maxBytes, maxFields, Underscores.DROP);
  }

  HeaderBlock fields() {
    return fields;
  }

  @Override
  @Nullable String startLine(byte[] bytes, int from, int to) {
    throw new AssertionError("trailers have no start line");
  }
}
