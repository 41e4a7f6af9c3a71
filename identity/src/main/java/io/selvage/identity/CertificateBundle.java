// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * Certificates, or revocation lists, that parse.
 *
 * @param pem nothing but the blocks, in the order of the file, without duplicates
 * @param names subjects (of lists: issuers) in RFC 2253 form, in the same order
 */
public record CertificateBundle(String pem, List<String> names) {
  public CertificateBundle {
    requireNonNull(pem, "pem");
    names = List.copyOf(names);
  }
}
