// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes on what a watch of one object sees; a listener that fails does not end the watch. */
final class SingleObjectHandler implements ResourceEventHandler<GenericKubernetesResource> {
  private static final Logger log = LoggerFactory.getLogger(SingleObjectHandler.class);

  private final Consumer<Optional<ObjectNode>> listener;
  private final Function<GenericKubernetesResource, ObjectNode> json;

  SingleObjectHandler(
      Consumer<Optional<ObjectNode>> listener,
      Function<GenericKubernetesResource, ObjectNode> json) {
    this.listener = listener;
    this.json = json;
  }

  @Override
  public void onAdd(GenericKubernetesResource object) {
    tell(Optional.of(json.apply(object)));
  }

  @Override
  public void onUpdate(GenericKubernetesResource before, GenericKubernetesResource after) {
    tell(Optional.of(json.apply(after)));
  }

  @Override
  public void onDelete(GenericKubernetesResource object, boolean deletedFinalStateUnknown) {
    tell(Optional.empty());
  }

  @Override
  public void onList(String resourceVersion, boolean remainedEmpty) {
    if (remainedEmpty) {
      tell(Optional.empty());
    }
  }

  private void tell(Optional<ObjectNode> object) {
    try {
      listener.accept(object);
    } catch (RuntimeException e) {
      log.error("a listener failed", e);
    }
  }
}
