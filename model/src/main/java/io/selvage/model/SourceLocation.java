// SPDX-License-Identifier: Apache-2.0
package io.selvage.model;

/**
 * A place in a manifest file.
 *
 * @param file path relative to the watched folder
 * @param line line of the document's or field's first character, counted from 1; 0 when unknown
 */
public record SourceLocation(String file, int line) {
  @Override
  public String toString() {
    return line > 0 ? file + ":" + line : file;
  }
}
