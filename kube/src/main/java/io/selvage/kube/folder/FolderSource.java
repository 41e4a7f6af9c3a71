// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.folder;

import static java.util.Objects.requireNonNull;

import io.selvage.kube.ClusterChange;
import io.selvage.kube.ClusterStateListener;
import io.selvage.kube.ClusterStateSource;
import io.selvage.kube.ClusterStateStore;
import io.selvage.kube.KindSelection;
import io.selvage.kube.SourceHealth;
import io.selvage.kube.folder.FolderScan.Stamp;
import io.selvage.kube.manifest.ManifestFile;
import io.selvage.model.Problem;
import io.selvage.model.Problem.Severity;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.ClusterState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of manifests, watched. Every {@code *.yaml}, {@code *.yml} and {@code *.json} below it
 * is read, changed files again and only those. An edit is published within a fraction of a second;
 * a file that cannot be read costs only what is new in it.
 *
 * <p>One thread scans, reads and calls the listener; {@link #health()} may be read from any other.
 */
public final class FolderSource implements ClusterStateSource {
  private static final Logger log = LoggerFactory.getLogger(FolderSource.class);

  /** Pause between looks at a file that is being written. */
  private static final Duration SETTLE_STEP = Duration.ofMillis(25);

  /** Equals no stamp a scan can show. */
  private static final Stamp NEVER = new Stamp(false, -1, FileTime.fromMillis(0), null);

  private final Path root;
  private final FolderLimits limits;
  private final KindSelection selection;
  private final FolderContents contents = new FolderContents();
  private final ClusterStateStore store = new ClusterStateStore();
  private final Settling settling;

  /** What was read, by file; a file missing here is read at the next scan. */
  private final Map<String, Stamp> read = new HashMap<>();

  private boolean everRead;
  private long reconnects;
  private long lastScanNanos;

  /** Something was read or forgotten since the store was last filled. */
  private boolean dirty;

  /** Unreadable sub-folders and whether there were too many files, at the last scan. */
  private List<Object> lastTroubles = List.of();

  /** When the present wait for files at rest began ({@link System#nanoTime()}); 0 if none. */
  private long holdingSince;

  private @Nullable Thread thread;
  private volatile boolean closed;
  private volatile SourceHealth health =
      new SourceHealth(false, false, "not read yet", Instant.now(), 0);

  /** A folder as a gateway reads it, within the usual limits. */
  public FolderSource(Path root) {
    this(root, FolderLimits.DEFAULT);
  }

  /** A folder as a gateway reads it. */
  public FolderSource(Path root, FolderLimits limits) {
    this(root, limits, KindSelection.GATEWAY);
  }

  /** A folder of which the selected kinds are read and others passed over. */
  public FolderSource(Path root, FolderLimits limits, KindSelection selection) {
    this.root = root.toAbsolutePath().normalize();
    this.selection = requireNonNull(selection, "selection");
    this.limits = requireNonNull(limits, "limits");
    this.settling = new Settling(limits);
  }

  /** Reads a folder once as a gateway does, as it is now, problems included. */
  public static ClusterState read(Path root) {
    return read(root, KindSelection.GATEWAY);
  }

  /** Reads the selected kinds of a folder once, as it is now, problems included. */
  public static ClusterState read(Path root, KindSelection selection) {
    var source = new FolderSource(root, FolderLimits.DEFAULT, selection);
    FolderScan scan = FolderScan.of(source.root, source.limits);
    source.update(scan, true);
    source.fillStore(scan);
    source.store.commit();
    return source.store.current();
  }

  @Override
  public synchronized void start(ClusterStateListener listener) {
    requireNonNull(listener, "listener");
    if (thread != null || closed) {
      throw new IllegalStateException("a folder source starts once");
    }
    thread = Thread.ofPlatform().daemon().name("folder-source").start(() -> run(listener));
  }

  @Override
  public SourceHealth health() {
    return health;
  }

  @Override
  public void close() {
    Thread running;
    synchronized (this) {
      closed = true;
      running = thread;
    }
    if (running != null && !running.equals(Thread.currentThread())) {
      running.interrupt();
      try {
        running.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void run(ClusterStateListener listener) {
    try (var watch = new FolderWatch(root)) {
      while (!closed) {
        long begun = System.nanoTime();
        FolderScan scan = FolderScan.of(root, limits);
        watch.watch(watched(scan));
        // What changed between the scan and a new folder's watch is found by the next scan.
        lastScanNanos = System.nanoTime() - begun;
        update(scan, false);
        publish(scan, listener);
        watch.await(pause());
      }
    } catch (InterruptedException e) {
      log.debug("folder source closed");
    }
  }

  /** The folders seen, and the parent: that is where the folder itself comes and goes. */
  private Set<Path> watched(FolderScan scan) {
    var folders = new HashSet<>(scan.folders());
    Path parent = root.getParent();
    if (parent != null && Files.isDirectory(parent)) {
      folders.add(parent);
    }
    return folders;
  }

  private Duration pause() {
    if (settling.isWaiting()) {
      return SETTLE_STEP;
    }
    // At most a fortieth of one core goes into scans that nothing asked for.
    Duration fair = Duration.ofNanos(lastScanNanos * 40);
    return fair.compareTo(limits.minRescan()) < 0
        ? limits.minRescan()
        : fair.compareTo(limits.maxRescan()) > 0 ? limits.maxRescan() : fair;
  }

  /**
   * Takes over what changed since the last scan.
   *
   * @param atOnce read files that are still being written, too
   */
  private void update(FolderScan scan, boolean atOnce) {
    if (scan.fault() != null) {
      return;
    }
    var ready = new TreeMap<String, Stamp>();
    scan.files().forEach((file, stamp) -> addIfReady(ready, file, stamp, atOnce));
    forgetMissing(scan, atOnce);
    readAll(ready);
    var seen = List.of(scan.blocked(), scan.overflow());
    dirty |= !seen.equals(lastTroubles);
    lastTroubles = seen;
  }

  private void fillStore(FolderScan scan) {
    ClusterState current = store.current();
    var merged = contents.merge();
    for (var ref : current.refs()) {
      if (!merged.objects().containsKey(ref)) {
        store.remove(ref);
      }
    }
    merged
        .objects()
        .forEach((ref, loaded) -> {
          // Files that were not read again give the very same objects: nothing to compare.
          boolean same =
              current.find(ref).equals(Optional.of(loaded.object()))
                  && current.location(ref).equals(Optional.of(loaded.location()));
          if (!same) {
            store.put(loaded.object(), loaded.location());
          }
        });
    var problems = new ArrayList<>(merged.problems());
    problems.addAll(problemsOf(scan, merged.objects().isEmpty()));
    store.problems(problems);
  }

  private void addIfReady(Map<String, Stamp> ready, String file, Stamp stamp, boolean atOnce) {
    if (stamp.equals(read.get(file))) {
      settling.forget(file);
    } else if (atOnce
        || settling.isSettled(file, stamp, contents.serves(file), System.nanoTime())) {
      ready.put(file, stamp);
    }
  }

  private void forgetMissing(FolderScan scan, boolean atOnce) {
    for (String file : List.copyOf(read.keySet())) {
      boolean missing =
          !scan.files().containsKey(file) && !scan.isBlocked(file) && !scan.overflow();
      if (missing
          && (atOnce || settling.isSettled(file, null, contents.serves(file), System.nanoTime()))) {
        settling.forget(file);
        read.remove(file);
        contents.remove(file);
        dirty = true;
        log.info("{} is gone, and its objects with it", file);
      }
    }
    settling.retain(file -> scan.files().containsKey(file) || read.containsKey(file));
  }

  private void readAll(Map<String, Stamp> ready) {
    var entries = List.copyOf(ready.entrySet());
    var stream = entries.size() > 32 ? entries.parallelStream() : entries.stream();
    List<ManifestFile> parsed =
        stream
            .map(e ->
                FileReader.read(
                    pathOf(e.getKey()), e.getKey(), e.getValue(), limits.maxFileBytes(), selection))
            .toList();
    for (int i = 0; i < entries.size(); i++) {
      String file = entries.get(i).getKey();
      settling.forget(file);
      contents.replace(file, parsed.get(i));
      dirty = true;
      read.put(file, entries.get(i).getValue());
      // A change of permissions leaves the stamp as it was, so such a file is tried at every scan.
      if (parsed.get(i).problems().stream().anyMatch(p -> p.reason().equals("FileUnreadable"))) {
        read.put(file, NEVER);
      }
    }
  }

  private Path pathOf(String file) {
    return Files.isDirectory(root) ? root.resolve(file) : root;
  }

  private List<Problem> problemsOf(FolderScan scan, boolean empty) {
    var problems = new ArrayList<Problem>();
    if (scan.fault() != null) {
      String kept = everRead ? "; what it held stays live" : "";
      problems.add(problem(Severity.ERROR, "", "FolderMissing", scan.fault() + kept));
    } else if (empty) {
      problems.add(
          problem(Severity.WARNING, "", "FolderEmpty", "no object is read from this folder"));
    }
    if (scan.overflow()) {
      String message = "more than %d files; the rest is left out".formatted(limits.maxFiles());
      problems.add(problem(Severity.ERROR, "", "TooManyFiles", message));
    }
    for (String folder : scan.blocked()) {
      String message = "this folder cannot be read; what it held stays live";
      problems.add(problem(Severity.ERROR, folder, "FileUnreadable", message));
    }
    return problems;
  }

  private Problem problem(Severity severity, String path, String reason, String message) {
    String file = path.isEmpty() ? root.toString() : path;
    return new Problem(
        severity, Optional.empty(), Optional.of(new SourceLocation(file, 0)), "", reason, message);
  }

  /** Tells the listener once all files are at rest, so that files changed together go together. */
  private void publish(FolderScan scan, ClusterStateListener listener) {
    boolean connected = scan.fault() == null;
    if (isHolding(connected)) {
      return;
    }
    if (dirty || !connected || !health.synced() || !health.connected()) {
      fillStore(scan);
      dirty = false;
    }
    everRead |= connected;
    List<ClusterChange> news = store.commit();
    note(connected, scan.fault()); // first, so that a listener that asks finds the same
    for (ClusterChange change : news) {
      try {
        listener.onChange(change);
      } catch (RuntimeException e) {
        log.error("a listener failed on {}", change.getClass().getSimpleName(), e);
      }
    }
  }

  /** True while others of the files that changed together are still being written. */
  private boolean isHolding(boolean connected) {
    if (!connected || !settling.isWaiting()) {
      holdingSince = 0;
      return false;
    }
    if (holdingSince == 0) {
      holdingSince = System.nanoTime();
    }
    return !everRead || System.nanoTime() - holdingSince < limits.hold().toNanos();
  }

  private void note(boolean connected, @Nullable String fault) {
    SourceHealth before = health;
    if (before.synced() && before.connected() == connected) {
      return;
    }
    if (before.synced() && connected) {
      reconnects++;
      log.info("the folder {} is back", root);
    }
    String detail = fault == null ? "" : root + ": " + fault;
    if (!connected) {
      log.warn("the folder {} cannot be read: {}", root, fault);
    }
    health = new SourceHealth(true, connected, detail, Instant.now(), reconnects);
  }
}
