// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.identity;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Issuer and anchors in a folder of their own: {@code ca.crt}, {@code tls.crt}, {@code tls.key}, in
 * a rotation also {@code next.crt}, {@code next.key}, and {@code rotation.json}.
 */
public final class FolderStorage implements IssuerStorage {
  /** The trust anchors: what a proxy is started with. */
  public static final String BUNDLE = "ca.crt";

  static final String CHAIN = "tls.crt";
  static final String KEY = "tls.key";
  static final String NEXT_CHAIN = "next.crt";
  static final String NEXT_KEY = "next.key";
  static final String ROTATION = "rotation.json";

  private static final Logger log = LoggerFactory.getLogger(FolderStorage.class);

  private final Path folder;
  private @Nullable WatchService watcher;

  /**
   * @param folder is made if it is not there
   */
  public FolderStorage(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
  }

  @Override
  public IssuerFiles read() throws StorageException {
    try {
      PrivateFiles.createFolder(folder);
    } catch (IOException | UnsupportedOperationException e) {
      throw new StorageException(folder + " cannot be made: " + e, e);
    }
    return new IssuerFiles(
        read(BUNDLE), read(CHAIN), read(KEY), read(NEXT_CHAIN), read(NEXT_KEY), read(ROTATION));
  }

  private String read(String name) throws StorageException {
    Path file = folder.resolve(name);
    try {
      return PrivateFiles.read(file);
    } catch (IOException e) {
      throw new StorageException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public void write(IssuerFiles before, IssuerFiles after) throws StorageException {
    if (!read().equals(before)) {
      throw StorageException.conflict(folder + " was changed by somebody else at the same time");
    }
    if (!after.nextChain().isEmpty()) {
      replace(NEXT_KEY, before.nextKey(), after.nextKey(), true);
      replace(NEXT_CHAIN, before.nextChain(), after.nextChain(), false);
    }
    replace(ROTATION, before.rotation(), after.rotation(), false);
    replace(BUNDLE, before.bundle(), after.bundle(), false);
    replace(KEY, before.key(), after.key(), true);
    replace(CHAIN, before.chain(), after.chain(), false);
    if (after.nextChain().isEmpty()) {
      replace(NEXT_KEY, before.nextKey(), "", true);
      replace(NEXT_CHAIN, before.nextChain(), "", false);
    }
  }

  private void replace(String name, String before, String after, boolean secret)
      throws StorageException {
    if (before.equals(after)) {
      return;
    }
    Path file = folder.resolve(name);
    try {
      if (after.isEmpty()) {
        Files.deleteIfExists(file);
      } else {
        PrivateFiles.replace(file, after, secret);
      }
    } catch (IOException | UnsupportedOperationException e) {
      throw new StorageException(file + " cannot be written: " + e, e);
    }
  }

  @Override
  public void watch(Runnable changed) {
    try {
      WatchService service = folder.getFileSystem().newWatchService();
      watcher = service;
      folder.register(
          service,
          StandardWatchEventKinds.ENTRY_CREATE,
          StandardWatchEventKinds.ENTRY_MODIFY,
          StandardWatchEventKinds.ENTRY_DELETE);
      Thread.ofPlatform().daemon().name("identity-watch").start(() -> run(service, changed));
    } catch (IOException | UnsupportedOperationException e) {
      log.warn("{} is only polled, not watched: {}", folder, e.toString());
    }
  }

  private static void run(WatchService service, Runnable changed) {
    try {
      while (true) {
        WatchKey key = service.take();
        key.pollEvents();
        changed.run();
        if (!key.reset()) {
          log.warn("the identity folder is gone; what replaces it is found by polling");
          return;
        }
      }
    } catch (ClosedWatchServiceException | InterruptedException e) {
      log.debug("the watch of the identity folder has ended");
    }
  }

  @Override
  public Optional<String> readOnly() {
    return Optional.empty();
  }

  @Override
  public List<String> missing() {
    return List.of();
  }

  @Override
  public long revision() {
    return 0;
  }

  @Override
  public boolean mayGoBack() {
    return false;
  }

  @Override
  public Optional<ReplicaBoard> board() {
    return Optional.empty();
  }

  @Override
  public Duration lag() {
    return Duration.ZERO;
  }

  @Override
  public String describe() {
    return folder.toString();
  }

  @Override
  public void close() {
    WatchService service = watcher;
    if (service != null) {
      try {
        service.close();
      } catch (IOException e) {
        log.debug("closing a watch", e);
      }
    }
  }
}
