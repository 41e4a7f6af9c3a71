// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.folder;

import java.time.Duration;

/**
 * Bounds and delays of a {@link FolderSource}.
 *
 * @param maxFileBytes a larger file is refused as a whole; 8 MiB holds ten thousand Ingresses, and
 *     a slip of the path does not fill the heap
 * @param maxFiles further files are refused; bounds what a scan may cost
 * @param maxDepth levels of sub-folders, links included
 * @param quiet how long a file must rest before it is read, so that half of it is not taken for
 *     all; far below what an edit may take to be live (1 s)
 * @param goneAfter how long a file must be missing before its objects go: editors remove and create
 *     a file to replace it
 * @param patience a file that never rests is read after this time all the same
 * @param hold how long files at rest wait for others that changed with them, so that they are
 *     published together
 * @param minRescan shortest pause between scans that no event asked for; they find what the
 *     kernel's events miss, such as a swapped link's target
 * @param maxRescan longest such pause, for folders that are slow to scan
 */
public record FolderLimits(
    int maxFileBytes,
    int maxFiles,
    int maxDepth,
    Duration quiet,
    Duration goneAfter,
    Duration patience,
    Duration hold,
    Duration minRescan,
    Duration maxRescan) {
  public static final FolderLimits DEFAULT =
      new FolderLimits(
          8 * 1024 * 1024,
          100_000,
          32,
          Duration.ofMillis(50),
          Duration.ofMillis(150),
          Duration.ofSeconds(2),
          Duration.ofMillis(300),
          Duration.ofMillis(500),
          Duration.ofSeconds(2));

  /** The same with another limit for a file's size, in bytes. */
  public FolderLimits withMaxFileBytes(int bytes) {
    return new FolderLimits(
        bytes, maxFiles, maxDepth, quiet, goneAfter, patience, hold, minRescan, maxRescan);
  }
}
