// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

import java.net.InetAddress;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** An IP address on the command line of any command; a name is never looked up. */
final class IpAddressOption implements ITypeConverter<String> {
  @Override
  public String convert(String text) {
    try {
      InetAddress.ofLiteral(text);
      return text;
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("it takes an IP address, not " + text);
    }
  }
}
