// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.selvage.proxy.http.DotSegments;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.RequestHead;
import io.selvage.proxy.route.ForwardAction;
import io.selvage.proxy.route.ForwardAction.CompiledShadow;
import io.selvage.proxy.route.RouteHit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The copies of one request. Whatever happens to them, the request itself never notices. */
final class ShadowRequests {
  private final List<ShadowRequest> running;

  private ShadowRequests(List<ShadowRequest> running) {
    this.running = running;
  }

  /** Null if the draw takes none. */
  static @Nullable ShadowRequests begin(
      Exchange exchange, ForwardAction action, RouteHit hit, int draw, boolean end) {
    var begun = new ArrayList<ShadowRequest>(1);
    for (CompiledShadow shadow : action.shadows()) {
      RequestHead head = exchange.stream().request();
      String path = shadow.takes(draw) ? shadow.rewritePath(head.target(), hit) : null;
      if (path != null && !DotSegments.isIn(path)) {
        var copy =
            new ShadowRequest(
                exchange.loop(),
                copyOf(head),
                path,
                shadowAuthority(head.authority()),
                exchange.limits().exchange().shadowQueueBytes());
        if (copy.start(shadow.cluster(), action.spec(), end)) {
          begun.add(copy);
        }
      }
    }
    return begun.isEmpty() ? null : new ShadowRequests(begun);
  }

  /** Does not take {@code data} over. */
  void onData(ByteBuf data, boolean end) {
    for (ShadowRequest shadow : running) {
      shadow.onRequestData(data, end);
    }
  }

  void flush() {
    running.forEach(ShadowRequest::flush);
  }

  /** The exchange is over; a copy whose request was not complete is given up. */
  void onRequestOver(boolean complete) {
    if (!complete) {
      running.forEach(ShadowRequest::cancel);
    } else {
      flush();
    }
  }

  /** {@code -shadow} behind the host, before its port. */
  static String shadowAuthority(String authority) {
    int colon = authority.lastIndexOf(':');
    return colon > authority.lastIndexOf(']')
        ? authority.substring(0, colon) + "-shadow" + authority.substring(colon)
        : authority + "-shadow";
  }

  private static RequestHead copyOf(RequestHead head) {
    var copy = new RequestHead();
    copy.setMethod(head.method());
    copy.setVersion(head.version());
    copy.setTarget(head.target());
    copy.setAuthority(head.authority(), head.host());
    copy.setBody(head.isBodyExpected(), head.contentLength());
    HeaderBlock from = head.headers();
    for (int i = 0; i < from.count(); i++) {
      // A copy must not wait for the client to be told to continue.
      if (!from.isDropped(i) && from.id(i) != io.selvage.proxy.http.HeaderName.EXPECT) {
        copy.headers()
            .add(
                from.array(),
                from.nameStart(i),
                from.nameEnd(i),
                from.array(),
                from.valueStart(i),
                from.valueEnd(i));
      }
    }
    return copy;
  }
}
