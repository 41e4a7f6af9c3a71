// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.webhook;

/** A request that is no admission review; answered with 400. */
public final class BadReviewException extends Exception {
  BadReviewException(String message) {
    super(message);
  }
}
