// SPDX-License-Identifier: Apache-2.0
package io.selvage.identity.workload;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;

/** PEM text (RFC 7468) with the JDK alone. */
public final class PemText {
  /** Longest text that is looked at, in characters: no Secret or ConfigMap is longer. */
  public static final int MAX_CHARS = 1024 * 1024;

  /** Most blocks of a text. */
  public static final int MAX_BLOCKS = 200;

  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";
  private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

  private PemText() {}

  /** One block. */
  public static String write(String type, byte[] der) {
    return BEGIN
        + type
        + DASHES
        + '\n'
        + LINES.encodeToString(der)
        + '\n'
        + END
        + type
        + DASHES
        + '\n';
  }

  /** One certificate. */
  public static String write(X509Certificate certificate) {
    try {
      return write("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was parsed can be written", e);
    }
  }

  /** Certificates one after another. */
  public static String write(Collection<X509Certificate> certificates) {
    var text = new StringBuilder();
    certificates.forEach(certificate -> text.append(write(certificate)));
    return text.toString();
  }

  /**
   * The contents of all blocks of a type, in order; text between blocks and other blocks are
   * skipped.
   *
   * @throws IllegalArgumentException if the text is too long, has too many blocks, or a block is
   *     broken; the message shows nothing of the block
   */
  public static List<byte[]> read(String type, String text) {
    if (text.length() > MAX_CHARS) {
      throw new IllegalArgumentException("longer than " + MAX_CHARS + " characters");
    }
    String begin = BEGIN + type + DASHES;
    String end = END + type + DASHES;
    var found = new ArrayList<byte[]>();
    int from = text.indexOf(begin);
    while (from >= 0) {
      int bodyStart = from + begin.length();
      int bodyEnd = text.indexOf(end, bodyStart);
      if (bodyEnd < 0) {
        throw new IllegalArgumentException("a block has no end");
      }
      String body = withoutBlanks(text, bodyStart, bodyEnd);
      try {
        found.add(Base64.getDecoder().decode(body));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("a block is not base64", e);
      }
      if (found.size() > MAX_BLOCKS) {
        throw new IllegalArgumentException("more than " + MAX_BLOCKS + " blocks");
      }
      from = text.indexOf(begin, bodyEnd + end.length());
    }
    return found;
  }

  private static String withoutBlanks(String text, int from, int to) {
    var kept = new StringBuilder(to - from);
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
        kept.append(c);
      }
    }
    return kept.toString();
  }

  /**
   * All certificates, each once, in order.
   *
   * @throws IllegalArgumentException if the text cannot be read, or one is no certificate
   */
  public static List<X509Certificate> certificates(String text) {
    var found = new LinkedHashSet<X509Certificate>();
    try {
      var factory = CertificateFactory.getInstance("X.509");
      for (byte[] der : read("CERTIFICATE", text)) {
        found.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
      }
    } catch (CertificateException e) {
      throw new IllegalArgumentException("a block is no X.509 certificate", e);
    }
    return List.copyOf(found);
  }
}
