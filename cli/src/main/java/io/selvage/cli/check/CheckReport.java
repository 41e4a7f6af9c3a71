// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.check.Outcome.Result;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Prints outcomes: for people as they come, for programs at the end. */
final class CheckReport {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Forms of the answer. */
  enum Form {
    /** Every check. */
    TABLE,
    /** Those that are not well. */
    SHORT,
    JSON;

    @Override
    public String toString() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  private final PrintWriter out;
  private final Form form;
  private final boolean colours;
  private final List<Outcome> outcomes = new ArrayList<>();
  private String category = "";

  CheckReport(PrintWriter out, Form form, boolean colours) {
    this.out = out;
    this.form = form;
    this.colours = colours;
  }

  void add(Outcome outcome) {
    outcomes.add(outcome);
    if (form == Form.JSON || form == Form.SHORT && outcome.result() == Result.SUCCESS) {
      return;
    }
    if (!outcome.category().equals(category)) {
      if (!category.isEmpty()) {
        out.println();
      }
      category = outcome.category();
      out.println(category);
      out.println("-".repeat(category.length()));
    }
    out.println(mark(outcome.result()) + " " + printable(outcome.description()));
    if (outcome.result() != Result.SUCCESS) {
      outcome.error().lines().forEach(line -> out.println("    " + printable(line)));
      if (!outcome.hint().isEmpty()) {
        out.println("    hint: " + outcome.hint());
      }
    }
    out.flush();
  }

  /** The last line, or the document. */
  void end(boolean success) throws JsonProcessingException {
    if (form == Form.JSON) {
      out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json(success)));
    } else {
      if (!category.isEmpty()) {
        out.println();
      }
      out.println("Status check results are " + mark(success ? Result.SUCCESS : Result.ERROR));
    }
    out.flush();
  }

  private ObjectNode json(boolean success) {
    ObjectNode json = JSON.createObjectNode().put("success", success);
    ArrayNode categories = json.putArray("categories");
    String last = "";
    ArrayNode checks = JSON.createArrayNode();
    for (Outcome outcome : outcomes) {
      if (!outcome.category().equals(last)) {
        last = outcome.category();
        checks = categories.addObject().put("categoryName", last).putArray("checks");
      }
      ObjectNode check = checks.addObject().put("description", outcome.description());
      if (outcome.result() != Result.SUCCESS) {
        check.put("hint", outcome.hint()).put("error", outcome.error());
      }
      check.put("result", outcome.result().word());
    }
    return json;
  }

  private String mark(Result result) {
    if (!colours) {
      return result.mark();
    }
    int colour =
        switch (result) {
          case SUCCESS -> 32;
          case WARNING -> 33;
          case ERROR -> 31;
        };
    return "\u001b[" + colour + ";1m" + result.mark() + "\u001b[0m";
  }

  /** Names come from the cluster and end on a terminal. */
  static String printable(String text) {
    return text.replace("\t", "  ").replaceAll("\\p{Cc}", "?");
  }
}
