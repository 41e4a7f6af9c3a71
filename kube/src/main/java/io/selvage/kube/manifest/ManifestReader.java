// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.manifest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.kube.KindSelection;
import io.selvage.model.Problem;
import io.selvage.model.Problem.Severity;
import io.selvage.model.SourceLocation;
import io.selvage.model.kube.Kind;
import io.selvage.model.kube.KubeObject;
import io.selvage.model.kube.ObjectRef;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads one file's text. Pure: the same text gives the same objects and problems. */
public final class ManifestReader {
  /** RFC 1123 subdomain, as Kubernetes wants it for most kinds' names; at most 253 characters. */
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?");

  /** RFC 1123 label, at most 63 characters. */
  private static final Pattern NAMESPACE = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

  private static final String DEFAULT_NAMESPACE = "default";

  private final String file;
  private final KindSelection selection;
  private final List<ManifestFile.Loaded> objects = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();
  private final Set<ObjectRef> failed = new HashSet<>();
  private boolean complete = true;

  private ManifestReader(String file, KindSelection selection) {
    this.file = file;
    this.selection = selection;
  }

  /** Reads a manifest as a gateway does. */
  public static ManifestFile read(String file, String text) {
    return read(file, text, KindSelection.GATEWAY);
  }

  /**
   * Reads a manifest.
   *
   * @param file path relative to the folder; its ending chooses YAML or JSON
   * @param text the whole content
   * @param selection kinds to read; others that Selvage or Kubernetes know are passed over
   */
  public static ManifestFile read(String file, String text, KindSelection selection) {
    var reader = new ManifestReader(file, selection);
    List<Document> documents =
        file.endsWith(".json") ? JsonDocuments.read(text) : YamlDocuments.read(text);
    documents.forEach(reader::document);
    return new ManifestFile(reader.objects, reader.problems, reader.failed, reader.complete);
  }

  private void document(Document document) {
    Document.Fault fault = document.fault();
    if (fault != null) {
      nameless(Severity.ERROR, fault.line(), "", fault.reason(), fault.message());
      return;
    }
    int before = objects.size();
    Tree root = document.root();
    if (root instanceof Tree.Fields fields) {
      objectOrList(fields);
    } else if (root != null) {
      String message = "expected a Kubernetes object, found " + root.shape();
      nameless(Severity.ERROR, root.line(), "", "NotAnObject", message);
    }
    Optional<ObjectRef> object =
        objects.size() == before + 1
            ? Optional.of(objects.getLast().object().ref())
            : Optional.empty();
    for (Document.Duplicate duplicate : document.duplicates()) {
      String message = "the field " + duplicate.name() + " is written twice; the later one counts";
      problems.add(
          new Problem(
              Severity.WARNING,
              object,
              Optional.of(at(duplicate.line())),
              duplicate.name(),
              "DuplicateField",
              message));
    }
  }

  private void objectOrList(Tree.Fields fields) {
    String kind = fields.text("kind");
    if (kind.endsWith("List") && fields.get("items") instanceof Tree.Items(int _, var items)) {
      String itemKind = kind.substring(0, kind.length() - "List".length());
      for (Tree item : items) {
        if (item instanceof Tree.Fields object) {
          // The items of an IngressList may leave out what the list already says.
          boolean bare = object.text("kind").isEmpty() && !itemKind.isEmpty();
          object(object, bare ? itemKind : object.text("kind"), bare ? fields : object);
        } else {
          String message = "expected a Kubernetes object, found " + item.shape();
          nameless(Severity.ERROR, item.line(), "items", "NotAnObject", message);
        }
      }
      return;
    }
    object(fields, kind, fields);
  }

  private void object(Tree.Fields fields, String kindName, Tree.Fields versioned) {
    String apiVersion = versioned.text("apiVersion");
    if (kindName.isEmpty() || apiVersion.isEmpty()) {
      String missing = kindName.isEmpty() ? "kind" : "apiVersion";
      nameless(Severity.ERROR, fields.line(), missing, "KindMissing", missing + " is missing");
      return;
    }
    Optional<Kind<? extends KubeObject>> kind = Kind.find(apiVersion, kindName);
    if (kind.isEmpty()) {
      if (!WellKnownKinds.contains(apiVersion, kindName)) {
        unknownKind(fields, apiVersion, kindName);
      }
      return;
    }
    if (!selection.contains(kind.get())) {
      return;
    }
    ObjectRef ref = name(kind.get(), fields);
    if (ref == null) {
      return;
    }
    if (!kind.get().accepts(apiVersion)) {
      String message =
          "%s is not read from %s; write %s"
              .formatted(kindName, apiVersion, kind.get().apiVersion());
      fail(ref, lineOf(fields, "apiVersion"), "apiVersion", "UnsupportedVersion", message);
      return;
    }
    load(kind.get(), ref, fields);
  }

  private void unknownKind(Tree.Fields fields, String apiVersion, String kindName) {
    String name =
        fields.get("metadata") instanceof Tree.Fields metadata ? metadata.text("name") : "";
    String it = name.isEmpty() ? "it" : '"' + name + '"';
    nameless(
        Severity.WARNING,
        fields.line(),
        "kind",
        "UnknownKind",
        "%s %s is not read here; %s is ignored".formatted(apiVersion, kindName, it));
  }

  /** The object's name, or null after a problem. */
  private @Nullable ObjectRef name(Kind<?> kind, Tree.Fields fields) {
    Tree metadata = fields.get("metadata");
    if (!(metadata instanceof Tree.Fields meta) || !(meta.get("name") instanceof Tree.Value name)) {
      int line = metadata == null ? fields.line() : lineOf(fields, "metadata");
      String message = "a %s without metadata.name".formatted(kind.name());
      nameless(Severity.ERROR, line, "metadata.name", "NameMissing", message);
      return null;
    }
    if (!(name.value() instanceof String text) || !NAME.matcher(text).matches()) {
      String message =
          "the name of a %s must be lower-case letters, digits, '-' and '.' (RFC 1123)"
              .formatted(kind.name());
      nameless(Severity.ERROR, name.line(), "metadata.name", "InvalidName", message);
      return null;
    }
    String namespace = kind.namespaced() ? DEFAULT_NAMESPACE : "";
    if (kind.namespaced() && meta.get("namespace") instanceof Tree.Value(int line, var given)) {
      if (given != null && !(given instanceof String s && NAMESPACE.matcher(s).matches())) {
        String message = "the namespace of %s is not a name (RFC 1123)".formatted(text);
        nameless(Severity.ERROR, line, "metadata.namespace", "InvalidName", message);
        return null;
      }
      namespace = given == null ? DEFAULT_NAMESPACE : (String) given;
    }
    return new ObjectRef(kind.name(), namespace, text);
  }

  private void load(Kind<? extends KubeObject> kind, ObjectRef ref, Tree.Fields fields) {
    var json = (ObjectNode) fields.json();
    var metadata = (ObjectNode) json.get("metadata");
    metadata.put("namespace", ref.namespace());
    try {
      KubeObject object = RecordReader.read(kind, json);
      objects.add(new ManifestFile.Loaded(object, at(fields.line())));
    } catch (RecordReader.UnreadableException e) {
      Tree found = find(fields, e.field());
      String shape =
          found != null && e.reason().equals("WrongType") ? ", found " + found.shape() : "";
      fail(ref, lineOf(fields, e.field()), e.field(), e.reason(), e.text() + shape);
      return;
    }
    unknownFields(kind, ref, fields, json);
  }

  private void unknownFields(Kind<?> kind, ObjectRef ref, Tree.Fields fields, JsonNode json) {
    for (String field : FieldCheck.unknownFields(kind, json)) {
      String message = "the field is unknown and ignored";
      problems.add(
          Problem.warning(ref, field, "UnknownField", message).at(at(lineOf(fields, field))));
    }
  }

  private void fail(ObjectRef ref, int line, String field, String reason, String message) {
    failed.add(ref);
    problems.add(Problem.error(ref, field, reason, message).at(at(line)));
  }

  private void nameless(Severity severity, int line, String field, String reason, String message) {
    complete &= severity != Severity.ERROR;
    problems.add(
        new Problem(severity, Optional.empty(), Optional.of(at(line)), field, reason, message));
  }

  private SourceLocation at(int line) {
    return new SourceLocation(file, line);
  }

  /** Line of the last step of a path that exists: of a field's key, or of a list's item. */
  private static int lineOf(Tree.Fields root, String path) {
    return new PathWalk(root, path).line();
  }

  private static @Nullable Tree find(Tree.Fields root, String path) {
    return new PathWalk(root, path).found();
  }
}
