// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Shares computed by hand from the rules of ingress.md 1.6. A minus stands for no weight. */
class MappingGroupTest {
  private static List<Integer> shares(String weights) {
    return MappingGroup.shares(
        Arrays.stream(weights.split(" "))
            .map(w -> w.equals("-") ? Optional.<Integer>empty() : Optional.of(Integer.valueOf(w)))
            .toList());
  }

  @Test
  void givesASingleMemberEverything() {
    assertThat(shares("-")).containsExactly(100);
    assertThat(shares("0")).containsExactly(100);
    assertThat(shares("7")).containsExactly(100);
  }

  @Test
  void leavesTheRestToMembersWithoutWeight() {
    assertThat(shares("10 -")).containsExactly(10, 90);
    assertThat(shares("- 10")).containsExactly(90, 10);
    assertThat(shares("10 - 20 -")).containsExactly(10, 35, 20, 35);
  }

  @Test
  void roundsEqualSharesAndGivesTheLastMemberTheDifference() {
    assertThat(shares("- - -")).containsExactly(33, 33, 34);
    assertThat(shares("- - - - - -")).containsExactly(17, 17, 17, 17, 17, 15);
    assertThat(shares("98 - - -")).containsExactly(98, 1, 1, 0);
  }

  @Test
  void letsTrafficFallThroughWhenAllHaveWeightsBelowAHundred() {
    assertThat(shares("30 20")).containsExactly(30, 20);
    assertThat(shares("0 0")).containsExactly(0, 0);
  }

  @Test
  void cutsWeightsAtAHundred() {
    assertThat(shares("60 40")).containsExactly(60, 40);
    assertThat(shares("60 41")).containsExactly(60, 40);
    assertThat(shares("100 100 5")).containsExactly(100, 0, 0);
  }

  @Test
  void starvesMembersWithoutWeightBesideAHundred() {
    assertThat(shares("- 100")).containsExactly(0, 100);
  }

  @Test
  void neverSharesOutMoreThanAHundred() {
    for (int members = 1; members <= 120; members++) {
      var weights = java.util.Collections.nCopies(members, Optional.<Integer>empty());
      assertThat(MappingGroup.shares(weights).stream().mapToInt(Integer::intValue).sum())
          .as("%d members", members)
          .isEqualTo(100);
    }
  }
}
