// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.http;

/** Versions that are served. */
public enum HttpVersion {
  HTTP_1_0("HTTP/1.0"),
  HTTP_1_1("HTTP/1.1"),
  HTTP_2("HTTP/2");

  private final String text;

  HttpVersion(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
