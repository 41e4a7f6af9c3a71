// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate;

import io.selvage.identity.ParsedBundle;
import io.selvage.identity.ParsedChain;
import io.selvage.model.kube.Secret;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Parsed Secrets by the identity of the immutable Secret, so that ten thousand certificates are not
 * parsed again because one Ingress changed. Holds only what the last two compilations used. It
 * cannot change a result: parsing depends on nothing but the Secret. Confined to the compiling
 * thread.
 */
public final class SecretCache {
  private Map<Secret, ParsedChain> chains = new IdentityHashMap<>();
  private Map<Secret, ParsedBundle> bundles = new IdentityHashMap<>();
  private Map<Secret, ParsedChain> olderChains = new IdentityHashMap<>();
  private Map<Secret, ParsedBundle> olderBundles = new IdentityHashMap<>();

  /** Begins a compilation: what it does not use is forgotten at the one after. */
  public void turn() {
    olderChains = chains;
    olderBundles = bundles;
    chains = new IdentityHashMap<>();
    bundles = new IdentityHashMap<>();
  }

  ParsedChain chain(Secret secret, Supplier<ParsedChain> parse) {
    return cached(secret, chains, olderChains, parse);
  }

  ParsedBundle bundle(Secret secret, Supplier<ParsedBundle> parse) {
    return cached(secret, bundles, olderBundles, parse);
  }

  private static <V> V cached(
      Secret secret, Map<Secret, V> current, Map<Secret, V> older, Supplier<V> parse) {
    V value = current.get(secret);
    if (value == null) {
      value = older.get(secret);
      if (value == null) {
        value = parse.get();
      }
      current.put(secret, value);
    }
    return value;
  }
}
