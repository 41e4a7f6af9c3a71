// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.selvage.model.crd.HostSpec;
import io.selvage.model.crd.ListenerSpecification;
import io.selvage.model.crd.MappingSpec;
import io.selvage.model.crd.TcpMappingSpec;
import io.selvage.model.crd.TlsContextSpec;
import io.selvage.proxy.http.Limits;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the documents say of the code, compared with the code. */
class DocsTest {
  private static final Path ROOT = Path.of(System.getProperty("selvage.root"));

  @Test
  void theTableOfLimitsIsTheRecord() throws Exception {
    var wanted = new ArrayList<String>();
    for (RecordComponent group : Limits.class.getRecordComponents()) {
      Object record = group.getAccessor().invoke(Limits.DEFAULT);
      for (RecordComponent limit : record.getClass().getRecordComponents()) {
        wanted.add(
            "`%s.%s` | %s"
                .formatted(group.getName(), limit.getName(), limit.getAccessor().invoke(record)));
      }
    }
    List<String> rows =
        doc("limits.md")
            .lines()
            .filter(line -> line.startsWith("| `"))
            .map(line -> line.split(" \\| ", 3))
            .map(cells -> cells[0].substring(2) + " | " + cells[1])
            .toList();
    assertThat(rows).containsExactlyElementsOf(wanted);
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        MappingSpec.class,
        HostSpec.class,
        ListenerSpecification.class,
        TlsContextSpec.class,
        TcpMappingSpec.class
      })
  void everyFieldOfAKindHasItsRow(Class<?> spec) throws IOException {
    String kind =
        spec.getSimpleName()
            .replaceAll("Spec(ification)?$", "")
            .replace("Tcp", "TCP")
            .replace("Tls", "TLS");
    String section = section(doc("support.md"), "## " + kind + "\n");
    for (RecordComponent field : spec.getRecordComponents()) {
      JsonProperty name = field.getAnnotation(JsonProperty.class);
      if (name != null) {
        assertThat(section).as("section %s", kind).contains("`" + name.value() + "`");
      }
    }
  }

  @Test
  void theReadmeNamesEveryCommand() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    for (String command : Main.commandLine().getSubcommands().keySet()) {
      assertThat(readme).contains("./mesh " + command);
    }
  }

  @Test
  void everyLinkBetweenTheDocumentsLeadsToAFile() throws IOException {
    try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
      for (Path file : Stream.concat(files, Stream.of(ROOT.resolve("README.md"))).toList()) {
        var links = Pattern.compile("\\]\\((?!http)([^)#]+)").matcher(Files.readString(file));
        while (links.find()) {
          assertThat(file.resolveSibling(links.group(1))).as("link in %s", file).exists();
        }
      }
    }
  }

  private static String doc(String name) throws IOException {
    return Files.readString(ROOT.resolve("docs").resolve(name));
  }

  private static String section(String text, String heading) {
    int from = text.indexOf(heading);
    assertThat(from).as("a section %s", heading.strip()).isNotNegative();
    int to = text.indexOf("\n## ", from + heading.length());
    return to < 0 ? text.substring(from) : text.substring(from, to);
  }
}
