// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.route;

import io.selvage.model.routing.HeaderEdits;
import io.selvage.proxy.http.HeaderBlock;
import io.selvage.proxy.http.HeaderName;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Header edits with names and fixed values already in bytes. Removals first, then additions in
 * order. Immutable, shared by all event loops.
 */
public final class HeaderEditor {
  /** Changes nothing. */
  public static final HeaderEditor NONE = new HeaderEditor(HeaderEdits.NONE);

  private final byte[][] removals;
  private final byte[][] names;
  private final byte[][] lowerNames;
  private final ValueTemplate[] values;
  private final boolean[] append;

  /**
   * @throws BadRouteException if a name or value is not legal, or a name belongs to the framing
   */
  private HeaderEditor(HeaderEdits edits) {
    removals = new byte[edits.remove().size()][];
    for (int i = 0; i < removals.length; i++) {
      String name = edits.remove().get(i).toLowerCase(Locale.ROOT);
      checkName(name);
      removals[i] = name.getBytes(StandardCharsets.US_ASCII);
    }
    int n = edits.add().size();
    names = new byte[n][];
    lowerNames = new byte[n][];
    values = new ValueTemplate[n];
    append = new boolean[n];
    for (int i = 0; i < n; i++) {
      HeaderEdits.Add add = edits.add().get(i);
      checkName(add.name());
      names[i] = add.name().getBytes(StandardCharsets.US_ASCII);
      lowerNames[i] = add.name().toLowerCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII);
      values[i] = ValueTemplate.forHeader(add.value());
      append[i] = add.append();
    }
  }

  static HeaderEditor compile(HeaderEdits edits) {
    return edits.isEmpty() ? NONE : new HeaderEditor(edits);
  }

  public boolean isEmpty() {
    return removals.length == 0 && names.length == 0;
  }

  /** Edits {@code block}. An addition whose value comes out empty is left out. */
  public void apply(HeaderBlock block, FactSource facts) {
    remove(block);
    for (int i = 0; i < names.length; i++) {
      byte[] value = values[i].bytes(facts);
      if (!append[i]) {
        block.dropAll(lowerNames[i]);
      }
      if (value.length > 0 || values[i].isEmptyConstant()) {
        block.add(names[i], value);
      }
    }
  }

  /** Removes alone: from trailers, which a recipient might merge into the head it belongs to. */
  public void remove(HeaderBlock block) {
    for (byte[] name : removals) {
      block.dropAll(name);
    }
  }

  /**
   * Framing, hop-by-hop fields and Host are written by the codecs: an edit of them would at best be
   * overwritten and at worst be a smuggled request.
   */
  private static void checkName(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length == 0) {
      throw new BadRouteException("InvalidHeaderName", "a header name is empty");
    }
    for (byte b : bytes) {
      if (!isTokenCharacter(b)) {
        throw new BadRouteException(
            "InvalidHeaderName", "the header name " + name + " is not a token");
      }
    }
    switch (HeaderName.idOf(bytes, 0, bytes.length)) {
      case HeaderName.HOST,
          HeaderName.CONNECTION,
          HeaderName.KEEP_ALIVE,
          HeaderName.PROXY_CONNECTION,
          HeaderName.TRANSFER_ENCODING,
          HeaderName.TE,
          HeaderName.TRAILER,
          HeaderName.UPGRADE,
          HeaderName.CONTENT_LENGTH,
          HeaderName.EXPECT,
          HeaderName.HTTP2_SETTINGS ->
          throw new BadRouteException(
              "ProtectedHeader", "the header " + name + " cannot be edited by a route");
      default -> {
        // Anything else is the user's business.
      }
    }
  }

  /** {@code tchar} of RFC 9110, section 5.6.2. */
  private static boolean isTokenCharacter(byte b) {
    return (b >= 'a' && b <= 'z')
        || (b >= 'A' && b <= 'Z')
        || (b >= '0' && b <= '9')
        || "!#$%&'*+-.^_`|~".indexOf(b) >= 0;
  }
}
