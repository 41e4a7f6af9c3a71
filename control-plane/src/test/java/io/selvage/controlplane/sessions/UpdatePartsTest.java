// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import static org.assertj.core.api.Assertions.assertThat;

import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.mesh.DestinationUpdate.Address;
import io.selvage.model.mesh.DestinationUpdate.Endpoint;
import io.selvage.model.mesh.DestinationUpdate.Kind;
import io.selvage.model.mesh.DestinationUpdate.ServiceRef;
import io.selvage.model.mesh.ProtocolHint;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UpdatePartsTest {
  private static DestinationUpdate update(int upserts, int removed) {
    return new DestinationUpdate(
        true,
        Kind.SERVICE,
        new ServiceRef("shop", "web", 80),
        ProtocolHint.HTTP1,
        IntStream.range(0, upserts)
            .mapToObj(i -> new Endpoint("10.0.0." + i, 80, "", ProtocolHint.DETECT, false))
            .toList(),
        IntStream.range(0, removed).mapToObj(i -> new Address("10.1.0." + i, 80)).toList());
  }

  @Test
  void whatFitsIsOnePart() {
    assertThat(UpdateParts.of(update(3, 3), 3)).containsExactly(update(3, 3));
  }

  /** Whoever reads it must be able to tell the last from the others. */
  @Test
  void onlyTheFirstPartResetsAndAllButTheLastSayThatMoreFollows() {
    List<DestinationUpdate> parts = UpdateParts.of(update(7, 4), 3);

    assertThat(parts).extracting(DestinationUpdate::reset).containsExactly(true, false, false);
    assertThat(parts).extracting(DestinationUpdate::more).containsExactly(true, true, false);
    assertThat(parts).extracting(p -> p.upserts().size()).containsExactly(3, 3, 1);
    assertThat(parts).extracting(p -> p.removed().size()).containsExactly(3, 1, 0);
    assertThat(parts.stream().flatMap(p -> p.upserts().stream()).toList())
        .isEqualTo(update(7, 4).upserts());
  }

  @Test
  void aMultipleOfTheMostHasNoEmptyPart() {
    assertThat(UpdateParts.of(update(6, 0), 3))
        .extracting(DestinationUpdate::more)
        .containsExactly(true, false);
  }
}
