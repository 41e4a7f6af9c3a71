// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.sessions;

import io.selvage.model.mesh.DestinationUpdate;
import io.selvage.model.wire.WireLimits;
import java.util.ArrayList;
import java.util.List;

/** Divides updates into what a receiver accepts in one message. */
final class UpdateParts {
  /** With the longest names there can be, so many endpoints fit into a message. */
  static final int MOST = WireLimits.ENDPOINTS / 2;

  private UpdateParts() {}

  static List<DestinationUpdate> of(DestinationUpdate update) {
    return of(update, MOST);
  }

  static List<DestinationUpdate> of(DestinationUpdate update, int most) {
    int longest = Math.max(update.upserts().size(), update.removed().size());
    if (longest <= most) {
      return List.of(update);
    }
    var parts = new ArrayList<DestinationUpdate>();
    for (int from = 0; from < longest; from += most) {
      parts.add(
          new DestinationUpdate(
              update.reset() && from == 0,
              update.kind(),
              update.service(),
              update.hint(),
              part(update.upserts(), from, most),
              part(update.removed(), from, most),
              update.more() || longest - from > most));
    }
    return parts;
  }

  private static <T> List<T> part(List<T> all, int from, int most) {
    return all.subList(Math.min(all.size(), from), Math.min(all.size(), from + most));
  }
}
