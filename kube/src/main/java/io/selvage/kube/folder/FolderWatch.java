// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.folder;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_DELETE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wakes the source when something in the folder moves. Which file it was does not matter: a scan
 * finds out, so lost and merged events (overflow) do no harm. Without a working watch service the
 * periodic scan alone finds every change, only later.
 */
final class FolderWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FolderWatch.class);

  private final Path root;
  private final @Nullable WatchService service;
  private final Map<Path, WatchKey> keys = new HashMap<>();
  private boolean warned;

  FolderWatch(Path root) {
    this.root = root;
    WatchService made = null;
    try {
      made = root.getFileSystem().newWatchService();
    } catch (IOException | UnsupportedOperationException e) {
      log.warn("folder events are not available, edits are found by scanning: {}", e.toString());
    }
    service = made;
  }

  /** Watches exactly these folders. */
  void watch(Set<Path> folders) {
    if (service == null) {
      return;
    }
    keys.entrySet()
        .removeIf(entry -> {
          boolean over = !folders.contains(entry.getKey()) || !entry.getValue().isValid();
          if (over) {
            entry.getValue().cancel();
          }
          return over;
        });
    for (Path folder : folders) {
      if (!keys.containsKey(folder)) {
        register(service, folder);
      }
    }
  }

  private void register(WatchService with, Path folder) {
    try {
      keys.put(folder, folder.register(with, ENTRY_CREATE, ENTRY_DELETE, ENTRY_MODIFY));
    } catch (IOException e) {
      // Gone again, or the kernel's limit of watches is reached: the periodic scan covers both.
      if (!warned) {
        warned = true;
        log.warn("cannot watch {}, edits in it are found by scanning: {}", folder, e.toString());
      }
    }
  }

  /**
   * Waits for an event or the time to pass, whichever is first.
   *
   * @throws InterruptedException when the source is closed
   */
  void await(Duration atMost) throws InterruptedException {
    if (service == null) {
      Thread.sleep(atMost);
      return;
    }
    long deadline = System.nanoTime() + atMost.toNanos();
    try {
      boolean relevant = false;
      while (!relevant) {
        long left = deadline - System.nanoTime();
        WatchKey key = left <= 0 ? null : service.poll(left, TimeUnit.NANOSECONDS);
        if (key == null) {
          return;
        }
        for (; key != null; key = service.poll()) {
          relevant |= isRelevant(key);
          key.reset();
        }
      }
    } catch (ClosedWatchServiceException e) {
      throw new InterruptedException("closed");
    }
  }

  /** Leaves out the parent's other children and what is written to files that are no manifests. */
  private boolean isRelevant(WatchKey key) {
    boolean relevant = !key.isValid();
    boolean parent = Objects.equals(key.watchable(), root.getParent());
    for (var event : key.pollEvents()) {
      if (!(event.context() instanceof Path name)) {
        relevant = true; // overflow: anything may have happened
      } else if (parent) {
        relevant |= name.equals(root.getFileName());
      } else {
        relevant |= !event.kind().equals(ENTRY_MODIFY) || FolderScan.isManifest(name.toString());
      }
    }
    return relevant;
  }

  @Override
  public void close() {
    if (service != null) {
      try {
        service.close();
      } catch (IOException e) {
        log.debug("closing the watch service: {}", e.toString());
      }
    }
  }
}
