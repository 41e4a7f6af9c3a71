// SPDX-License-Identifier: Apache-2.0
package io.selvage.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCountUtil;
import io.selvage.model.Problem;
import io.selvage.model.routing.TlsBinding;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The certificates of one listener at one moment. Immutable: a change makes a new value, which the
 * next handshake uses, and the old one is {@link #release() released}; handshakes and connections
 * begun on it are not disturbed.
 */
public final class TlsBindings {
  /** A binding with its native context. */
  public static final class Binding {
    private final TlsBinding spec;
    private final ServerContexts.Shared shared;

    private Binding(TlsBinding spec, ServerContexts.Shared shared) {
      this.spec = spec;
      this.shared = shared;
    }

    public TlsBinding spec() {
      return spec;
    }

    /** For tests of its lifetime. */
    SslContext context() {
      return shared.context();
    }

    /** True if both run on one native context: nothing about the certificate has changed. */
    public boolean sharesContextWith(Binding other) {
      return shared.equals(other.shared);
    }

    /**
     * A handler for one connection.
     *
     * @return null when the binding was retired in this very moment: look it up again in the
     *     listener's current bindings
     */
    public @Nullable SslHandler newHandler(ByteBufAllocator allocator) {
      SslContext context = shared.context();
      try {
        ReferenceCountUtil.retain(context);
      } catch (IllegalReferenceCountException retired) {
        return null;
      }
      try {
        return context.newHandler(allocator);
      } finally {
        ReferenceCountUtil.release(context);
      }
    }
  }

  private final ServerContexts contexts;
  private final List<Binding> bindings;
  private final Map<String, Binding> byName = new HashMap<>();
  private final ServerNames<Binding> byServerName;

  private TlsBindings(ServerContexts contexts, List<Binding> bindings) {
    this.contexts = contexts;
    this.bindings = List.copyOf(bindings);
    bindings.forEach(one -> byName.put(one.spec.name(), one));
    this.byServerName = ServerNames.of(bindings, one -> one.spec.serverNames());
  }

  /** No certificate at all. */
  public static TlsBindings none(ServerContexts contexts) {
    return new TlsBindings(contexts, List.of());
  }

  /**
   * Builds the contexts of {@code specs}. One that cannot be built is a problem; where {@code
   * previous} has a binding of that name it goes on as it was, names included.
   */
  public static TlsBindings build(
      List<TlsBinding> specs,
      TlsBindings previous,
      ServerContexts contexts,
      Consumer<Problem> problems) {
    List<Binding> built = new ArrayList<>();
    for (TlsBinding spec : specs) {
      try {
        built.add(new Binding(spec, contexts.acquire(spec)));
      } catch (GeneralSecurityException e) {
        Binding old = previous.byName.get(spec.name());
        problems.accept(problem(spec, e, old != null));
        if (old != null) {
          built.add(previous.again(old));
        }
      }
    }
    return new TlsBindings(contexts, built);
  }

  private static Problem problem(TlsBinding spec, GeneralSecurityException e, boolean kept) {
    return Problem.error(
        spec.origin(),
        "tls",
        "TlsBindingUnusable",
        e.getMessage() + (kept ? "; the last good certificate stays in use" : ""));
  }

  private Binding again(Binding old) {
    try {
      // The context is in use by this very value, so this only counts one more user.
      return new Binding(old.spec, contexts.acquire(old.spec));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a context in use was not found", e);
    }
  }

  /**
   * The binding for a server name: exact, then the longest wildcard, then the default; null when
   * there is none. Also says which binding serves an authority, for 421.
   *
   * @param serverName lower case, without port; null = the client sent none
   */
  public @Nullable Binding lookup(@Nullable String serverName) {
    return byServerName.lookup(serverName);
  }

  public boolean isEmpty() {
    return bindings.isEmpty();
  }

  /** Gives the contexts back; called once, after a newer value is published. */
  public void release() {
    bindings.forEach(one -> contexts.release(one.shared));
  }
}
