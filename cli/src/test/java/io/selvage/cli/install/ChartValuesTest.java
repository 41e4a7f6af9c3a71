// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChartValuesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          a=1                     | {'a':1}
          a.b=x                   | {'a':{'b':'x'}}
          a=true,b=false,c=null   | {'a':true,'b':false,'c':null}
          a=True,b=FALSE,c=Null   | {'a':true,'b':false,'c':null}
          a=                      | {'a':''}
          a=0123                  | {'a':'0123'}
          a=-5                    | {'a':-5}
          a=1.5                   | {'a':'1.5'}
          a={}                    | {'a':[]}
          a={x}                   | {'a':['x']}
          a={x,1},b=y             | {'a':['x',1],'b':'y'}
          a[1]=x                  | {'a':[null,'x']}
          a[0].b=x,a[0].c=y       | {'a':[{'b':'x','c':'y'}]}
          a[0][1]=x               | {'a':[[null,'x']]}
          a\\.b=x                 | {'a.b':'x'}
          a=x\\,y                 | {'a':'x,y'}
          a=x=y                   | {'a':'x=y'}
          a.b=1,a.c=2             | {'a':{'b':1,'c':2}}
          """)
  void setsAsHelmDoes(String text, String expected) {
    assertThat(new ChartValues().set(List.of(text), false).tree().toString())
        .isEqualTo(expected.replace('\'', '"'));
  }

  @Test
  void leavesTextAloneWhereTextWasSaid() {
    assertThat(new ChartValues().set(List.of("a=true,b={1}"), true).tree().toString())
        .isEqualTo("{\"a\":\"true\",\"b\":[\"1\"]}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a            | no '='
          =1           | empty
          a..b=1       | empty
          a.=1         | empty
          a,b=1        | comma
          a={x         | '}'
          a={x}y       | goes on
          a[x]=1       | index
          a[1001]=1    | index
          a[-1]=1      | index
          a[1=2        | index
          """)
  void saysWhatItDoesNotUnderstand(String text, String why) {
    assertThatThrownBy(() -> new ChartValues().set(List.of(text), false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\"")
        .hasMessageContaining(why);
  }

  @Test
  void theLargestIndexIsTaken() {
    var values = new ChartValues().set(List.of("a[" + SetParser.MAX_INDEX + "]=x"), false).tree();
    assertThat(values.path("a")).hasSize(SetParser.MAX_INDEX + 1);
  }

  @Test
  void aFileIsMergedAndItsFaultsAreNamed(@TempDir Path dir) throws Exception {
    Path file = Files.writeString(dir.resolve("v.yaml"), "a: {b: 1, c: [1, 2]}\n");
    Path over = Files.writeString(dir.resolve("w.yaml"), "a: {c: [3]}\nd: x\n");
    assertThat(new ChartValues().mergeFile(file).mergeFile(over).tree().toString())
        .isEqualTo("{\"a\":{\"b\":1,\"c\":[3]},\"d\":\"x\"}");
    Path list = Files.writeString(dir.resolve("l.yaml"), "- a\n");
    assertThatThrownBy(() -> new ChartValues().mergeFile(list)).hasMessageContaining("l.yaml");
    Path broken = Files.writeString(dir.resolve("x.yaml"), "a: [\n");
    assertThatThrownBy(() -> new ChartValues().mergeFile(broken)).hasMessageContaining("x.yaml");
    assertThatThrownBy(() -> new ChartValues().mergeFile(dir.resolve("none")))
        .hasMessageContaining("no such file");
  }
}
