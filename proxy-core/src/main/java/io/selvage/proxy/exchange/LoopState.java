// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.exchange;

import io.selvage.proxy.http.ResponseHead;
import io.selvage.proxy.pool.ConnectionPools;
import io.selvage.proxy.route.RouteHit;
import io.selvage.proxy.time.DeadlineWheel;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What the exchanges of one event loop share: pools, timers and scratch objects that save
 * allocations. Confined to that loop.
 */
public final class LoopState {
  private static final int ADDRESS_SLOTS = 256;
  private static final int NUMBER_SLOTS = 1024;
  private static final byte[][] NUMBERS = new byte[NUMBER_SLOTS][];

  static {
    for (int i = 0; i < NUMBER_SLOTS; i++) {
      NUMBERS[i] = Integer.toString(i).getBytes(StandardCharsets.US_ASCII);
    }
  }

  private final int index;
  private final ConnectionPools pools;
  private final DeadlineWheel wheel;
  private final ResponseHead localHead = new ResponseHead();
  private final RouteHit hit = new RouteHit();
  private final RunningExchanges running = new RunningExchanges();
  private final InetAddress[] addresses = new InetAddress[ADDRESS_SLOTS];
  private final String[] addressTexts = new String[ADDRESS_SLOTS];
  private long timeoutMillis = -1;
  private byte[] timeoutText = {};

  /**
   * @param index number of the loop, from 0
   */
  public LoopState(int index, ConnectionPools pools) {
    this.index = index;
    this.pools = pools;
    this.wheel = DeadlineWheel.of(pools.loop());
  }

  int index() {
    return index;
  }

  public ConnectionPools pools() {
    return pools;
  }

  DeadlineWheel wheel() {
    return wheel;
  }

  /** Exchanges that an admission has let in. */
  public RunningExchanges running() {
    return running;
  }

  /** A head for an answer of our own: cleared, used up by the next call. */
  ResponseHead localHead() {
    localHead.clear();
    return localHead;
  }

  /** For one look-up and what follows it without a pause; the next exchange takes it over. */
  RouteHit hit() {
    return hit;
  }

  /** 0..99. */
  int draw() {
    return ThreadLocalRandom.current().nextInt(100);
  }

  /** Text of an address without port, remembered for the usual few peers. */
  String addressText(@Nullable InetAddress address) {
    if (address == null) {
      return "";
    }
    int slot = address.hashCode() & (ADDRESS_SLOTS - 1);
    if (address.equals(addresses[slot])) {
      return addressTexts[slot];
    }
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    text = scope < 0 ? text : text.substring(0, scope);
    addresses[slot] = address;
    addressTexts[slot] = text;
    return text;
  }

  /** Decimal digits of a small number, shared. */
  static byte[] digits(long number) {
    return number >= 0 && number < NUMBER_SLOTS
        ? NUMBERS[(int) number]
        : Long.toString(number).getBytes(StandardCharsets.US_ASCII);
  }

  /** Decimal digits of a route's timeout, which is nearly always the last one's. */
  byte[] timeoutDigits(long millis) {
    if (millis != timeoutMillis) {
      timeoutMillis = millis;
      timeoutText = Long.toString(millis).getBytes(StandardCharsets.US_ASCII);
    }
    return timeoutText;
  }
}
