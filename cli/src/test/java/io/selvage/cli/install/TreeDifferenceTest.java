// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TreeDifferenceTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {'a':1,'x':2}             | {'a':1}             |                             | []
          {'a':1,'x':2}             | {'a':1}             | {'a':1}                     | []
          {'a':1,'x':2}             | {'a':1}             | {'a':1,'x':2}               | [x: 2 -> nothing]
          {'a':1,'x':3}             | {'a':1}             | {'a':1,'x':2}               | [x: 3 -> nothing]
          {'a':1}                   | {'a':1}             | {'a':1,'x':2}               | []
          {'a':1,'x':{}}            | {'a':1}             | {'a':1,'x':{}}              | []
          {'a':{'b':1,'c':2}}       | {'a':{'b':2}}       | {'a':{'b':1,'c':2}}         | [a.b: 1 -> 2, a.c: 2 -> nothing]
          {'l':[{'name':'n','x':1}]} | {'l':[{'name':'n'}]} | {'l':[{'name':'n','x':1}]} | [l[n].x: 1 -> nothing]
          {'l':[1,2]}               | {'l':[1]}           | {'l':[1,2]}                 | [l[1]: 2 -> nothing]
          """)
  void namesWhatIsTakenAway(String there, String wanted, String applied, String lines)
      throws Exception {
    assertThat(TreeDifference.of(json(there), json(wanted), json(applied)).toString())
        .isEqualTo(lines);
  }

  private static JsonNode json(String text) throws Exception {
    return JSON.readTree(text == null ? "" : text.replace('\'', '"'));
  }
}
