// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.listener;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** ClientHello records written by hand, for versions and cuts no client library makes. */
final class ClientHellos {
  private ClientHellos() {}

  /** One record with a hello that offers {@code version} at most and names {@code serverName}. */
  static byte[] build(int version, String serverName) {
    byte[] name = serverName.getBytes(StandardCharsets.US_ASCII);
    ByteArrayOutputStream extensions = new ByteArrayOutputStream();
    uint16(extensions, 0);
    uint16(extensions, name.length + 5);
    uint16(extensions, name.length + 3);
    extensions.write(0);
    uint16(extensions, name.length);
    extensions.writeBytes(name);
    // supported_groups: P-256, X25519
    extensions.writeBytes(new byte[] {0, 10, 0, 6, 0, 4, 0, 23, 0, 29});
    // signature_algorithms: ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256
    extensions.writeBytes(new byte[] {0, 13, 0, 6, 0, 4, 4, 3, 8, 4});

    ByteArrayOutputStream body = new ByteArrayOutputStream();
    uint16(body, version);
    body.writeBytes(new byte[32]);
    body.write(0);
    // ECDHE-ECDSA with AES-128-GCM, AES-128-CBC
    body.writeBytes(new byte[] {0, 4, (byte) 0xc0, 0x2b, (byte) 0xc0, 0x09});
    body.writeBytes(new byte[] {1, 0});
    uint16(body, extensions.size());
    body.writeBytes(extensions.toByteArray());

    ByteArrayOutputStream record = new ByteArrayOutputStream();
    record.write(0x16);
    uint16(record, 0x0301);
    uint16(record, body.size() + 4);
    record.write(1);
    record.write(body.size() >> 16);
    uint16(record, body.size() & 0xffff);
    record.writeBytes(body.toByteArray());
    return record.toByteArray();
  }

  static void uint16(ByteArrayOutputStream out, int value) {
    out.write(value >> 8);
    out.write(value);
  }
}
