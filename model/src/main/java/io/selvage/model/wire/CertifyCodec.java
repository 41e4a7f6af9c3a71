// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.wire;

import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.PodRef;
import java.util.ArrayList;
import java.util.List;

/** Messages of {@code Identity/Certify}, without gRPC's frame. */
public final class CertifyCodec {
  private CertifyCodec() {}

  /**
   * @throws IllegalArgumentException if it is above what a receiver accepts
   */
  public static byte[] encode(Certify.Request request) {
    return new ProtoWriter()
        .string(1, request.token())
        .bytes(2, request.csr())
        .message(3, request.pod(), Fields::writePod)
        .toBytes();
  }

  /**
   * @throws IllegalArgumentException if it is above what a receiver accepts
   */
  public static byte[] encode(Certify.Response response) {
    return new ProtoWriter()
        .string(1, response.identity())
        .strings(2, response.chainPem())
        .uint(3, response.notAfterMillis())
        .string(4, response.bundlePem())
        .string(5, response.fingerprint())
        .uint(6, response.bundleRevision())
        .toBytes();
  }

  /** Fields that are absent are empty: whoever answers says what is missing. */
  public static Certify.Request decodeRequest(byte[] message) throws WireException {
    ProtoReader in = ProtoReader.of("CertifyRequest", message);
    String token = "";
    byte[] csr = {};
    PodRef pod = PodRef.NONE;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> token = in.string("token", WireLimits.TOKEN_BYTES);
        case 2 -> csr = in.bytes("csr", WireLimits.CSR_BYTES);
        case 3 -> pod = Fields.readPod(in.message("pod"));
        default -> in.skip();
      }
    }
    return new Certify.Request(token, csr, pod);
  }

  public static Certify.Response decodeResponse(byte[] message) throws WireException {
    ProtoReader in = ProtoReader.of("CertifyResponse", message);
    String identity = "";
    List<String> chain = new ArrayList<>();
    long notAfter = 0;
    String bundle = "";
    String fingerprint = "";
    long revision = 0;
    for (int field; (field = in.next()) != 0; ) {
      switch (field) {
        case 1 -> identity = in.text("identity");
        case 2 -> {
          in.room("chain_pem", chain.size(), WireLimits.CHAIN);
          chain.add(in.string("chain_pem", WireLimits.PEM_BYTES));
        }
        case 3 -> notAfter = in.count("not_after_millis");
        case 4 -> bundle = in.string("bundle_pem", WireLimits.PEM_BYTES);
        case 5 -> fingerprint = in.text("fingerprint");
        case 6 -> revision = in.count("bundle_revision");
        default -> in.skip();
      }
    }
    return new Certify.Response(identity, chain, notAfter, bundle, fingerprint, revision);
  }
}
