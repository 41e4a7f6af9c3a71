// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.util.List;

/** Rows as one JSON array, an object a row, two blanks a level. */
final class JsonRows {
  private static final DefaultIndenter INDENT = new DefaultIndenter("  ", "\n");
  private static final ObjectWriter WRITER =
      new ObjectMapper()
          .writer(
              new DefaultPrettyPrinter()
                  .withObjectIndenter(INDENT)
                  .withArrayIndenter(INDENT)
                  .withSeparators(
                      DefaultPrettyPrinter.DEFAULT_SEPARATORS
                          .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                          .withArrayEmptySeparator("")));

  private JsonRows() {}

  static String text(List<?> rows) {
    try {
      return WRITER.writeValueAsString(rows);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
