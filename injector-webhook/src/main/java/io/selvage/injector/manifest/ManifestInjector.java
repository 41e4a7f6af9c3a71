// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.injector.config.ConfigOption;
import io.selvage.injector.config.ProxyConfig;
import io.selvage.injector.config.ProxyConfig.InvalidConfigException;
import io.selvage.injector.manifest.ObjectReport.Note;
import io.selvage.injector.manifest.ObjectReport.Outcome;
import io.selvage.injector.patch.NameTakenException;
import io.selvage.injector.patch.PodMutator;
import io.selvage.injector.pod.BadPodException;
import io.selvage.injector.pod.InjectionDecision;
import io.selvage.injector.pod.InjectionDecision.Skip;
import io.selvage.injector.pod.MeshNames;
import io.selvage.injector.pod.PodTree;
import io.selvage.injector.pod.SkipReason;
import io.selvage.model.kube.Workloads.Workload;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What {@code mesh inject} does to objects: marks them, or puts the sidecar in by hand. */
public final class ManifestInjector extends ManifestWalk {
  private static final String COMPONENT = "selvage.io/control-plane-component";

  private final String wish;
  private final Map<ConfigOption, String> config;
  private final Optional<PodMutator> byHand;

  /**
   * @param wish {@code enabled} or {@code ingress}
   * @param config options for annotations, checked before
   * @param byHand puts sidecars in at once; without it the webhook does so when pods are made
   */
  public ManifestInjector(
      String wish, Map<ConfigOption, String> config, Optional<PodMutator> byHand) {
    this.wish = wish;
    this.config = Map.copyOf(config);
    this.byHand = byHand;
  }

  @Override
  ObjectNode one(String kind, String name, ObjectNode object) throws TransformException {
    if (ManifestKinds.isAnnotated(kind)) {
      return annotated(kind, name, object);
    }
    if (!ManifestKinds.hasPods(kind)) {
      report(new ObjectReport(kind, name, Outcome.SKIPPED, Set.of(Note.UNSUPPORTED)));
      return object;
    }
    String pointer = ManifestKinds.template(kind);
    JsonNode template = object.at(pointer);
    PodTree pod = pod(template, pointer);
    boolean component =
        pod.labels().containsKey(COMPONENT)
            || object.path("metadata").path("labels").has(COMPONENT);
    if (component && byHand.isEmpty()) {
      throw new TransformException("--manual must be set when injecting control plane components");
    }
    Set<Note> notes = notes(pod);
    InjectionDecision decision = decision(pod);
    if (!(decision instanceof InjectionDecision.Inject)) {
      report(new ObjectReport(kind, name, Outcome.SKIPPED, notes));
      return object;
    }
    ObjectNode marked = withAnnotations(pod.root(), annotations());
    ObjectNode done =
        byHand.isPresent()
            ? mutated(byHand.get(), marked, workload(kind, name, object), pointer)
            : marked;
    report(new ObjectReport(kind, name, Outcome.INJECTED, notes));
    return replaced(object, pointer, done);
  }

  /** As if the namespace wanted sidecars: the command line does. */
  private static InjectionDecision decision(PodTree pod) {
    return InjectionDecision.of(pod, Map.of(MeshNames.INJECT, "enabled"), false);
  }

  private static Set<Note> notes(PodTree pod) {
    var notes = EnumSet.noneOf(Note.class);
    switch (decision(pod)) {
      case Skip(var _, var reasons) -> {
        for (SkipReason reason : reasons) {
          switch (reason) {
            case HOST_NETWORK_ENABLED -> notes.add(Note.HOST_NETWORK);
            case SIDECAR_ALREADY_EXISTS -> notes.add(Note.SIDECAR);
            case INJECTION_DISABLE_ANNOTATION_PRESENT -> notes.add(Note.INJECT_DISABLED);
            default -> notes.add(Note.UNSUPPORTED);
          }
        }
      }
      case InjectionDecision.Present _ -> notes.add(Note.SIDECAR);
      case InjectionDecision.Inject _ -> {
        if (pod.containers().stream().anyMatch(PodTree.Container::udp)) {
          notes.add(Note.UDP);
        }
      }
    }
    return notes;
  }

  private Map<String, String> annotations() {
    var annotations = new TreeMap<String, String>();
    config.forEach((option, value) -> annotations.put(option.annotation(), value));
    if (byHand.isEmpty() || !wish.equals("enabled")) {
      annotations.put(MeshNames.INJECT, wish);
    }
    return annotations;
  }

  private ObjectNode annotated(String kind, String name, ObjectNode object)
      throws TransformException {
    var annotations = new TreeMap<String, String>();
    if (kind.equals("Namespace")) {
      if (byHand.isPresent()) {
        // Its pods get their sidecars from the manifests, one by one.
        report(new ObjectReport(kind, name, Outcome.SKIPPED, Set.of()));
        return object;
      }
      annotations.putAll(annotations());
    } else {
      String opaque = config.get(ConfigOption.OPAQUE_PORTS);
      if (opaque != null) {
        annotations.put(ConfigOption.OPAQUE_PORTS.annotation(), opaque);
      }
    }
    report(
        new ObjectReport(
            kind, name, annotations.isEmpty() ? Outcome.SKIPPED : Outcome.ANNOTATED, Set.of()));
    return annotations.isEmpty() ? object : withAnnotations(object, annotations);
  }

  private static ObjectNode withAnnotations(ObjectNode object, Map<String, String> annotations)
      throws TransformException {
    if (annotations.isEmpty()) {
      return object;
    }
    ObjectNode copy = object.deepCopy();
    ObjectNode metadata = child(copy, "metadata");
    ObjectNode all = child(metadata, "annotations");
    annotations.forEach(all::put);
    return copy;
  }

  private static ObjectNode child(ObjectNode parent, String field) throws TransformException {
    JsonNode existing = parent.path(field);
    if (existing.isMissingNode() || existing.isNull()) {
      return parent.putObject(field);
    }
    if (existing instanceof ObjectNode object) {
      return object;
    }
    throw new TransformException(field + " is not a mapping");
  }

  private static Workload workload(String kind, String name, ObjectNode object) {
    return new Workload(object.path("metadata").path("namespace").asText(""), kind, name);
  }

  private static ObjectNode mutated(
      PodMutator mutator, ObjectNode template, Workload workload, String pointer)
      throws TransformException {
    PodTree pod = pod(template, pointer);
    try {
      ProxyConfig config =
          ProxyConfig.read(pod.annotations(), Map.of(), false, mutator.settings().defaults());
      return mutator.mutate(pod, config, workload).patch().applyTo(template);
    } catch (InvalidConfigException | NameTakenException e) {
      throw new TransformException(String.valueOf(e.getMessage()));
    }
  }

  private static PodTree pod(JsonNode template, String pointer) throws TransformException {
    try {
      return PodTree.of(template);
    } catch (BadPodException e) {
      String place = pointer.isEmpty() ? "" : pointer.substring(1).replace('/', '.') + ".";
      throw new TransformException(place + e.getMessage());
    }
  }
}
