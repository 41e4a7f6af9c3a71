// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.ObjectStatus;
import io.selvage.model.kube.ObjectRef;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostStateTest {
  @ParameterizedTest
  @CsvSource({
    "Host,RUNNING,Ready",
    "Host,PARTIAL,Error",
    "Host,INACTIVE,Error",
    "Mapping,RUNNING,Running",
    "Mapping,PARTIAL,Partial",
    "Listener,INACTIVE,Inactive"
  })
  void writesTheWordsThatToolsOfEmissaryWaitFor(
      String kind, ObjectStatus.State state, String word) {
    var status =
        new ObjectStatus(new ObjectRef(kind, "default", "x"), 3, state, "Reason", "", List.of());

    assertThat(WantedStatus.State.of(status).state()).isEqualTo(word);
    assertThat(WantedStatus.State.of(status).generation()).isEqualTo(3);
  }
}
