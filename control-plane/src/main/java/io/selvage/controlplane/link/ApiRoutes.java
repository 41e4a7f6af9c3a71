// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.link;

import io.vertx.ext.web.Router;

/** A part of the HTTP API; the process mounts every part on one router, on its API port. */
@FunctionalInterface
public interface ApiRoutes {
  /** Adds routes. Handlers run on event loops and must not block them. */
  void mount(Router router);
}
