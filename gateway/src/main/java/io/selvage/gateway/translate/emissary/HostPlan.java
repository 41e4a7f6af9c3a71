// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.model.crd.LabelSelector;
import io.selvage.model.kube.ObjectMeta;
import io.selvage.model.kube.ObjectRef;
import io.selvage.model.routing.HostPattern;
import io.selvage.model.routing.TlsBinding;
import io.selvage.model.routing.VirtualHostSpec.InsecureAction;
import java.util.Optional;

/**
 * One Host, translated by itself.
 *
 * @param metadata of the Host; for the synthesised Host of a gateway without any, of no object
 * @param selector which Mappings belong to it, by label; absent = by hostname only
 * @param closed nothing is served for its name: nobody could be asked for a certificate
 * @param tls what it terminates; absent = nothing
 * @param tlsIdentity compared between Hosts of one name, which must agree
 */
record HostPlan(
    ObjectRef ref,
    ObjectMeta metadata,
    HostPattern pattern,
    Optional<LabelSelector> selector,
    InsecureAction insecure,
    boolean closed,
    Optional<TlsBinding> tls,
    String tlsIdentity) {

  /**
   * Whether a Mapping belongs to this Host (ingress.md 1.2): with selector and hostname both must
   * match; with one of them, that one; with neither never. An expression on the host says nothing
   * about names and attaches everywhere.
   */
  boolean accepts(MappingPlan plan) {
    if (closed) {
      return false;
    }
    return switch (plan.match().host()) {
      case HostCondition.Regex r -> true;
      case HostCondition.Glob(HostPattern glob) ->
          selects(plan) && HostGlob.compatible(glob, pattern);
      case HostCondition.Unset() -> selector.isPresent() && selects(plan);
    };
  }

  private boolean selects(MappingPlan plan) {
    return selector.map(s -> s.matches(plan.mapping().metadata().labels())).orElse(true);
  }
}
