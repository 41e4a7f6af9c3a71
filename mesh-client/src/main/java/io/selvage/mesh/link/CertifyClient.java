// SPDX-License-Identifier: Apache-2.0
package io.selvage.mesh.link;

import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.ScheduledFuture;
import io.selvage.mesh.identity.Certifier;
import io.selvage.model.mesh.Certify;
import io.selvage.model.mesh.MeshProtocol;
import io.selvage.model.wire.CertifyCodec;
import io.selvage.model.wire.WireException;
import io.selvage.proxy.pool.UpstreamConnection;
import io.selvage.proxy.tls.MeshTls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the control plane for certificates, each on a connection of its own that shows none: the
 * token says who asks.
 */
public final class CertifyClient implements Certifier {
  private static final long DEADLINE_MILLIS = 15_000;

  private final EventLoop loop;
  private final ControlAddresses addresses;
  private final ControlDialer dialer;
  private final String authority;

  /**
   * @param addresses used on the thread that calls {@link #certify}
   * @param controlIdentity SPIFFE id the control plane must prove
   */
  public CertifyClient(
      EventLoop loop, ControlAddresses addresses, MeshTls tls, String controlIdentity) {
    this.loop = loop;
    this.addresses = addresses;
    this.dialer = new ControlDialer(tls, controlIdentity);
    this.authority = ControlStream.AUTHORITY;
  }

  @Override
  public CompletableFuture<Certify.Response> certify(Certify.Request request) {
    var result = new CompletableFuture<Certify.Response>();
    try {
      InetSocketAddress to = addresses.next();
      byte[] message = CertifyCodec.encode(request);
      loop.execute(() -> new Attempt(message, result).start(to));
    } catch (IOException e) {
      result.completeExceptionally(new IOException("no address of the control plane: " + e, e));
    } catch (RuntimeException e) {
      result.completeExceptionally(e);
    }
    return result;
  }

  /** One call. Confined to the event loop. */
  private final class Attempt implements ControlDialer.Listener, GrpcCall.Listener {
    private final byte[] request;
    private final CompletableFuture<Certify.Response> result;
    private @Nullable UpstreamConnection connection;
    private @Nullable ScheduledFuture<?> deadline;
    private Certify.@Nullable Response response;

    Attempt(byte[] request, CompletableFuture<Certify.Response> result) {
      this.request = request;
      this.result = result;
    }

    void start(InetSocketAddress to) {
      deadline =
          loop.schedule(
              () -> end("no answer within " + DEADLINE_MILLIS / 1000 + " s"),
              DEADLINE_MILLIS,
              TimeUnit.MILLISECONDS);
      dialer.dial(loop, to, false, this);
    }

    @Override
    public void onConnected(UpstreamConnection opened, SslHandler handler) {
      connection = opened;
      if (result.isDone()) {
        opened.close();
        return;
      }
      var call = new GrpcCall(MeshProtocol.CERTIFY_PATH, authority, this);
      opened.begin(call);
      call.send(request, true);
    }

    @Override
    public void onFailed(String why) {
      end(why);
    }

    @Override
    public void onMessage(byte[] message) throws WireException {
      response = CertifyCodec.decodeResponse(message);
    }

    @Override
    public void onEnd(GrpcStatus status) {
      Certify.Response answer = response;
      if (!status.isOk()) {
        end(status.toString());
      } else if (answer == null) {
        end("the control plane answered without a message");
      } else {
        result.complete(answer);
        close();
      }
    }

    private void end(String why) {
      result.completeExceptionally(new IOException(why));
      close();
    }

    private void close() {
      if (deadline != null) {
        deadline.cancel(false);
      }
      if (connection != null) {
        connection.retire();
      }
    }
  }
}
