// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.telemetry;

import io.selvage.proxy.upstream.Endpoint;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Several observers as one. An observer that throws (a bug) is logged and loses only its own
 * record: the others still hear of the exchange and the client notices nothing.
 */
public final class ExchangeObservers implements ExchangeObserver {
  private static final Logger LOG = LoggerFactory.getLogger(ExchangeObservers.class);

  private final ExchangeObserver[] observers;

  public ExchangeObservers(List<? extends ExchangeObserver> observers) {
    this.observers = observers.toArray(ExchangeObserver[]::new);
  }

  @Override
  public void onRouted(ExchangeReport report) {
    for (ExchangeObserver observer : observers) {
      try {
        observer.onRouted(report);
      } catch (RuntimeException e) {
        LOG.atError().setCause(e).log("an exchange observer failed");
      }
    }
  }

  @Override
  public void onUpstreamOpened(Endpoint endpoint, ByteCount bytes) {
    for (ExchangeObserver observer : observers) {
      try {
        observer.onUpstreamOpened(endpoint, bytes);
      } catch (RuntimeException e) {
        LOG.atError().setCause(e).log("an exchange observer failed");
      }
    }
  }

  @Override
  public void onUpstreamClosed(Endpoint endpoint, ByteCount bytes) {
    for (ExchangeObserver observer : observers) {
      try {
        observer.onUpstreamClosed(endpoint, bytes);
      } catch (RuntimeException e) {
        LOG.atError().setCause(e).log("an exchange observer failed");
      }
    }
  }

  @Override
  public void onEnd(ExchangeReport report) {
    for (ExchangeObserver observer : observers) {
      try {
        observer.onEnd(report);
      } catch (RuntimeException e) {
        LOG.atError().setCause(e).log("an exchange observer failed");
      }
    }
  }
}
