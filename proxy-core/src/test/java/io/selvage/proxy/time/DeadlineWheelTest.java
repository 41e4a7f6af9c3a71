// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.time;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeadlineWheelTest {
  private static final long MILLI = 1_000_000;

  private long now = 42 * MILLI;
  private final DeadlineWheel wheel =
      new DeadlineWheel(new EmbeddedChannel().eventLoop(), () -> now);
  private final List<String> fired = new ArrayList<>();

  private final class Named extends Deadline {
    private final String name;
    private long firedAt;

    Named(String name) {
      this.name = name;
    }

    @Override
    protected void onDeadline() {
      fired.add(name);
      firedAt = now;
    }
  }

  private void pass(long millis) {
    for (long i = 0; i < millis; i++) {
      now += MILLI;
      wheel.advance();
    }
  }

  @Test
  void firesOnceAndNeverEarly() {
    var deadline = new Named("a");
    wheel.armMillis(deadline, 100);
    pass(99);
    assertThat(fired).isEmpty();
    pass(12);
    assertThat(fired).containsExactly("a");
    assertThat(deadline.isArmed()).isFalse();
    pass(20_000);
    assertThat(fired).hasSize(1);
  }

  @Test
  void oneThatThrowsTakesNoOtherWithIt() {
    var broken =
        new Deadline() {
          @Override
          protected void onDeadline() {
            throw new IllegalStateException("a bug of its owner");
          }
        };
    wheel.armMillis(broken, 50);
    wheel.armMillis(new Named("same moment"), 50);
    wheel.armMillis(new Named("later"), 500);
    pass(600);
    assertThat(fired).containsExactly("same moment", "later");
  }

  @Test
  void firesWhatIsFurtherAwayThanOneTurn() {
    var deadline = new Named("a");
    wheel.armMillis(deadline, 75_000);
    pass(74_999);
    assertThat(fired).isEmpty();
    pass(12);
    assertThat(fired).containsExactly("a");
  }

  @Test
  void movesBothWays() {
    var deadline = new Named("a");
    wheel.armMillis(deadline, 100);
    wheel.armMillis(deadline, 8_000);
    pass(7_999);
    assertThat(fired).isEmpty();
    wheel.armMillis(deadline, 60_000);
    wheel.armMillis(deadline, 50);
    pass(62);
    assertThat(fired).containsExactly("a");
  }

  @Test
  void forgetsWhatIsDisarmedOrRemoved() {
    var disarmed = new Named("disarmed");
    var removed = new Named("removed");
    wheel.armMillis(disarmed, 100);
    wheel.armMillis(removed, 100);
    wheel.disarm(disarmed);
    wheel.remove(removed);
    pass(1_000);
    assertThat(fired).isEmpty();
    wheel.armMillis(disarmed, 100);
    pass(111);
    assertThat(fired).containsExactly("disarmed");
  }

  @Test
  void letsADeadlineArmItselfAndRemoveOthers() {
    var other = new Named("other");
    var again =
        new Deadline() {
          private int left = 3;

          @Override
          protected void onDeadline() {
            fired.add("again");
            wheel.remove(other);
            if (--left > 0) {
              wheel.armMillis(this, 0);
            }
          }
        };
    wheel.armMillis(again, 10);
    wheel.armMillis(other, 10);
    pass(200);
    assertThat(fired).containsExactly("again", "again", "again");
  }

  @Test
  void firesEverythingAfterAStall() {
    for (int i = 0; i < 100; i++) {
      wheel.armMillis(new Named("d" + i), i * 50L);
    }
    now += 60_000 * MILLI;
    wheel.advance();
    assertThat(fired).hasSize(100);
  }

  @Test
  void keepsToItsToleranceWhateverIsDone() {
    var random = new Random(20261121);
    var deadlines = new ArrayList<Named>();
    var due = new ArrayList<Long>();
    for (int i = 0; i < 200; i++) {
      deadlines.add(new Named("d" + i));
      due.add(Long.MAX_VALUE);
    }
    for (int step = 0; step < 20_000; step++) {
      int i = random.nextInt(deadlines.size());
      Named deadline = deadlines.get(i);
      if (random.nextInt(4) == 0) {
        wheel.disarm(deadline);
        due.set(i, Long.MAX_VALUE);
      } else {
        long millis = random.nextInt(12_000);
        wheel.armMillis(deadline, millis);
        due.set(i, now + millis * MILLI);
      }
      deadline.firedAt = 0;
      pass(random.nextInt(4));
      for (int j = 0; j < deadlines.size(); j++) {
        long late = now - due.get(j);
        Named checked = deadlines.get(j);
        if (checked.firedAt != 0) {
          assertThat(checked.firedAt).isGreaterThanOrEqualTo(due.get(j));
          due.set(j, Long.MAX_VALUE);
          checked.firedAt = 0;
        } else if (due.get(j) != Long.MAX_VALUE) {
          assertThat(late).as("not later than a tick").isLessThan(12 * MILLI);
        }
      }
    }
  }
}
