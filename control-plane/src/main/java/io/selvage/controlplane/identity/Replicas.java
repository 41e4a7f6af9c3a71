// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.controlplane.identity.IssuerStorage.StorageException;
import io.selvage.controlplane.identity.RotationState.Phase;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The other replicas while a root is replaced. Each knows its own proxies only, so each says which
 * of them the phase waits for, and none goes on before all have said: nobody. What a replica said
 * of another phase, or long ago, does not count. How long ago that was, this replica tells by when
 * it saw something new, and by a clock that nobody sets: times of day may be wrong, here and
 * elsewhere. One that has just started says nothing, because its proxies have yet to come back.
 * Confined to the store's thread.
 */
final class Replicas {
  /** How often what is said is said again. */
  static final Duration EVERY = Duration.ofSeconds(5);

  /** What was said longer ago does not count. */
  static final Duration FRESH = Duration.ofSeconds(20);

  /** Names in a note; the count says how many there are. */
  private static final int MAX_NAMES = 20;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String self;
  private final String life;
  private final Duration settle;
  private final LongSupplier nanos;
  private final long startNanos;
  private final Supplier<Optional<Set<String>>> running;
  private final Optional<ReplicaBoard> board;

  /** By replica. */
  private final Map<String, Heard> heard = new HashMap<>();

  private @Nullable ObjectNode said;
  private long saidAt;
  private long beats;
  private @Nullable Long readAt;
  private Step step = new Step(Phase.NONE, Instant.MIN, 0);

  /**
   * What another replica says.
   *
   * @param at when it was new to this one; null of what stood there when this one began to look
   */
  private record Heard(String note, @Nullable Long at) {}

  /**
   * A phase of a rotation.
   *
   * @param since as it is stored, by the clock of whoever stored it
   * @param seen by this replica
   */
  private record Step(Phase phase, Instant since, long seen) {}

  /**
   * @param self name of this replica, which is that of its pod
   * @param life tells this life of the replica from the one before
   * @param settle how long proxies have to come to a replica that has started
   * @param nanos as {@link System#nanoTime}
   * @param running names of the pods that are replicas, with or without this one; empty while that
   *     is not known
   * @param board empty = there are no others
   */
  Replicas(
      String self,
      String life,
      Duration settle,
      LongSupplier nanos,
      Supplier<Optional<Set<String>>> running,
      Optional<ReplicaBoard> board) {
    this.self = requireNonNull(self, "self");
    this.life = requireNonNull(life, "life");
    this.settle = requireNonNull(settle, "settle");
    this.nanos = requireNonNull(nanos, "nanos");
    this.startNanos = nanos.getAsLong();
    this.running = requireNonNull(running, "running");
    this.board = requireNonNull(board, "board");
  }

  /**
   * What the others say.
   *
   * @param waitingFor names of proxies, at most some of each
   * @param count how many there are
   * @param silent replicas that have not said anything that counts
   * @param lives of the others that have: another set means that proxies have moved
   */
  record Others(List<String> waitingFor, int count, List<String> silent, Set<String> lives) {
    static final Others NONE = new Others(List.of(), 0, List.of(), Set.of());

    Others {
      waitingFor = List.copyOf(waitingFor);
      silent = List.copyOf(silent);
      lives = Set.copyOf(lives);
    }

    boolean allDone() {
      return count == 0 && silent.isEmpty();
    }
  }

  /**
   * Whether it is this replica that goes on when all may; the others follow what it stores. The one
   * that should may have vanished while its pod is still there, as on a node that is lost: where
   * nobody is waited for, any other takes its place {@link #FRESH} after it has seen the phase
   * begin. Two that write at once do no harm, for the storage refuses the second.
   */
  boolean leads(RotationState state) {
    var all = new TreeSet<>(running.get().orElse(Set.of()));
    all.add(self);
    if (board.isEmpty() || all.first().equals(self)) {
      return true;
    }
    boolean waits =
        !state.leaveBehind()
            && (state.phase() == Phase.TRUSTING || state.phase() == Phase.RENEWING);
    note(state);
    return !waits && isPast(step.seen(), FRESH);
  }

  /** Whether this one has no others now, as far as that is known. */
  boolean alone() {
    return board.isEmpty()
        || running.get().filter(pods -> Set.of(self).containsAll(pods)).isPresent();
  }

  private boolean isPast(long since, Duration least) {
    return nanos.getAsLong() - since >= least.toNanos();
  }

  /** Remembers when this replica saw a phase for the first time. */
  private void note(RotationState state) {
    if (step.phase() != state.phase() || !step.since().equals(state.phaseSince())) {
      step = new Step(state.phase(), state.phaseSince(), nanos.getAsLong());
    }
  }

  /**
   * Says whom this replica's phase waits for, and hears the others.
   *
   * @param behind names of proxies
   */
  Others exchange(RotationState state, List<String> behind) throws StorageException {
    if (board.isEmpty()) {
      return Others.NONE;
    }
    note(state);
    Optional<Set<String>> pods = running.get();
    if (pods.isEmpty()) {
      return new Others(List.of(), 0, List.of("those not known yet"), Set.of());
    }
    var others = new TreeSet<>(pods.get());
    others.remove(self);
    if (others.isEmpty()) {
      return Others.NONE;
    }
    if (isPast(startNanos, settle)) {
      say(board.get(), state, behind, pods.get());
    }
    if (readAt == null || isPast(readAt, EVERY.dividedBy(5))) {
      read(board.get().read());
    }
    return hear(others, state);
  }

  private void read(Map<String, String> notes) {
    // What is new after a long while may be as old as that.
    boolean looking = readAt != null && !isPast(readAt, FRESH);
    Long now = nanos.getAsLong();
    readAt = now;
    heard.keySet().retainAll(notes.keySet());
    notes.forEach((replica, note) -> {
      Heard before = heard.get(replica);
      if (before == null || !before.note().equals(note)) {
        heard.put(replica, new Heard(note, looking ? now : null));
      }
    });
  }

  private void say(ReplicaBoard to, RotationState state, List<String> behind, Set<String> pods)
      throws StorageException {
    ObjectNode note = JSON.createObjectNode();
    note.put("phase", state.phase().name()).put("phaseSince", state.phaseSince().toString());
    note.put("life", life).put("behind", behind.size());
    var names = note.putArray("names");
    behind.stream().limit(MAX_NAMES).forEach(names::add);
    if (note.equals(said) && !isPast(saidAt, EVERY)) {
      return;
    }
    var keep = new HashSet<>(pods);
    keep.add(self);
    // The others see by it that this one is there still.
    to.post(self, note.deepCopy().put("beat", ++beats).toString(), keep);
    said = note;
    saidAt = nanos.getAsLong();
  }

  private Others hear(Set<String> others, RotationState state) {
    var waiting = new ArrayList<String>();
    var silent = new ArrayList<String>();
    var lives = new HashSet<String>();
    int count = 0;
    for (String other : others) {
      Heard last = heard.get(other);
      Long at = last == null ? null : last.at();
      JsonNode note =
          last == null || at == null || isPast(at, FRESH.plusNanos(1)) ? null : parse(last.note());
      if (note == null || !counts(note, state)) {
        silent.add(other);
        continue;
      }
      lives.add(other + "/" + note.path("life").asText());
      count += note.path("behind").asInt();
      note.path("names").forEach(name -> waiting.add(name.asText()));
    }
    return new Others(waiting, count, silent, lives);
  }

  private static boolean counts(JsonNode note, RotationState state) {
    try {
      return note.path("phase").asText().equals(state.phase().name())
          && Instant.parse(note.path("phaseSince").asText()).equals(state.phaseSince())
          && note.path("behind").isInt()
          && note.path("behind").asInt() >= 0;
    } catch (DateTimeParseException e) {
      return false;
    }
  }

  private static @Nullable JsonNode parse(String text) {
    try {
      return text.isEmpty() ? null : JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return null;
    }
  }
}
