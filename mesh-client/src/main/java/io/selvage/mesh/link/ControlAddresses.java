// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.link;

import io.selvage.mesh.MeshOptions.ControlAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Where to look for the control plane: every address of every name, in random order, then again.
 * Blocks for DNS; confined to one thread.
 */
public final class ControlAddresses {
  private final List<ControlAddress> configured;
  private final ArrayDeque<InetSocketAddress> left = new ArrayDeque<>();

  public ControlAddresses(List<ControlAddress> configured) {
    this.configured = configured;
  }

  /**
   * The next one to try.
   *
   * @throws UnknownHostException if no name has an address now
   */
  public InetSocketAddress next() throws UnknownHostException {
    if (left.isEmpty()) {
      resolve();
    }
    return left.remove();
  }

  private void resolve() throws UnknownHostException {
    var found = new ArrayList<InetSocketAddress>();
    UnknownHostException failure = null;
    for (ControlAddress one : configured) {
      try {
        for (InetAddress address : InetAddress.getAllByName(one.host())) {
          found.add(new InetSocketAddress(address, one.port()));
        }
      } catch (UnknownHostException e) {
        failure = e;
      }
    }
    if (found.isEmpty()) {
      throw failure != null ? failure : new UnknownHostException("no address");
    }
    Collections.shuffle(found);
    left.addAll(found);
  }
}
