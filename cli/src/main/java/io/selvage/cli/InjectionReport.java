// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import io.selvage.injector.manifest.ObjectReport;
import io.selvage.injector.manifest.ObjectReport.Note;
import io.selvage.injector.manifest.ObjectReport.Outcome;
import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;

/** What {@code mesh inject} and {@code mesh uninject} say about the objects they saw. */
final class InjectionReport {
  private static final String WARN = "\u203c";
  private static final String OK = "\u221a";

  private final PrintWriter err;
  private final boolean verbose;

  InjectionReport(PrintWriter err, boolean verbose) {
    this.err = err;
    this.verbose = verbose;
  }

  /** After an injection. */
  void injected(List<ObjectReport> reports) {
    err.println();
    note(
        reports,
        Note.HOST_NETWORK,
        "\"hostNetwork: true\" detected in %s",
        "pods do not use host networking");
    note(
        reports,
        Note.SIDECAR,
        "known 3rd party sidecar detected in %s",
        "pods do not have a 3rd party proxy or initContainer already injected");
    note(
        reports,
        Note.INJECT_DISABLED,
        "\"selvage.io/inject: disabled\" annotation set on %s",
        "pods are not annotated to disable injection");
    boolean none =
        reports.stream()
            .noneMatch(r ->
                r.outcome() == Outcome.INJECTED
                    || r.outcome() == Outcome.ANNOTATED
                    || r.notes().stream().anyMatch(n -> n != Note.UNSUPPORTED));
    if (none) {
      err.println(WARN + " no supported objects found");
    } else if (verbose) {
      err.println(OK + " at least one resource can be injected or annotated");
    }
    List<ObjectReport> udp = with(reports, Note.UDP);
    if (!udp.isEmpty()) {
      String verb = udp.size() == 1 ? "uses" : "use";
      err.println(WARN + " " + references(udp) + " " + verb + " \"protocol: UDP\"");
    } else if (verbose) {
      err.println(OK + " pod specs do not include UDP ports");
    }
    lines(reports);
  }

  /** After an uninjection. */
  void uninjected(List<ObjectReport> reports) {
    err.println();
    lines(reports);
  }

  private void note(List<ObjectReport> reports, Note note, String warning, String fine) {
    List<ObjectReport> found = with(reports, note);
    if (!found.isEmpty()) {
      err.println(WARN + " " + warning.formatted(references(found)));
    } else if (verbose) {
      err.println(OK + " " + fine);
    }
  }

  private void lines(List<ObjectReport> reports) {
    reports.forEach(report -> err.println(report.line()));
    err.println();
    err.flush();
  }

  private static List<ObjectReport> with(List<ObjectReport> reports, Note note) {
    return reports.stream().filter(r -> r.notes().contains(note)).toList();
  }

  private static String references(List<ObjectReport> reports) {
    return reports.stream().map(ObjectReport::reference).collect(Collectors.joining(", "));
  }
}
