// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;

/** A time on the command line of any command: {@code 250ms}, {@code 5s} or {@code 2m}. */
public final class DurationOption implements ITypeConverter<Duration> {
  private final GatewayCommand.DurationConverter converter = new GatewayCommand.DurationConverter();

  @Override
  public Duration convert(String text) {
    return converter.convert(text);
  }
}
