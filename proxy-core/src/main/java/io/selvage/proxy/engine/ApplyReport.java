// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.engine;

import io.selvage.model.Problem;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What came of applying a model.
 *
 * @param version of the snapshot that is served now
 * @param changed false if the model was equal to the one already served
 * @param problems what could not be served, object by object: routes that do not compile, ports
 *     that could not be opened, certificates that could not be used. Everything else is served
 * @param ports open ports by listener name
 */
public record ApplyReport(
    long version, boolean changed, List<Problem> problems, SortedMap<String, Integer> ports) {
  public ApplyReport {
    problems = List.copyOf(problems);
    ports = Collections.unmodifiableSortedMap(new TreeMap<>(ports));
  }
}
