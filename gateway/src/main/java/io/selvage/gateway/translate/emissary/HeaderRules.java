// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.AddedHeader;
import io.selvage.model.routing.HeaderEdits;
import io.selvage.model.routing.HeaderEdits.ValuePart;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The add_ and remove_ header fields as header edits; a header that cannot be used costs itself
 * only.
 */
final class HeaderRules {
  private HeaderRules() {}

  /**
   * Reads a pair of fields.
   *
   * @param direction {@code request} or {@code response}, for the field names in problems
   */
  static HeaderEdits read(
      String direction, Map<String, AddedHeader> add, List<String> remove, Findings findings) {
    var removed = new ArrayList<String>();
    String removeField = "spec.remove_" + direction + "_headers";
    for (String name : remove) {
      try {
        HeaderText.checkName(name);
        removed.add(name.toLowerCase(Locale.ROOT));
      } catch (HeaderText.Rejected e) {
        findings.part(
            removeField,
            Findings.INVALID_VALUE,
            removeField + ": " + e.getMessage() + "; it is left alone");
      }
    }
    var added = new ArrayList<HeaderEdits.Add>();
    String addField = "spec.add_" + direction + "_headers";
    add.forEach((name, header) -> {
      try {
        HeaderText.checkName(name);
        var parts = HeaderText.parse(header.value());
        for (ValuePart part : parts) {
          if (part instanceof ValuePart.Literal(String text)) {
            HeaderText.checkValue(text);
          }
        }
        added.add(new HeaderEdits.Add(name, parts, header.append()));
      } catch (HeaderText.Rejected e) {
        findings.part(
            addField,
            Findings.INVALID_VALUE,
            addField + " " + name + ": " + e.getMessage() + "; it is not added");
      }
    });
    return new HeaderEdits(removed, added);
  }
}
