// SPDX-License-Identifier: Apache-2.0
package io.selvage.controlplane.observation.workload;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * All resources of a type, or one of them: {@code deploy} or {@code deploy/web}.
 *
 * @param name empty for all of the type
 */
public record ResourceSelector(ResourceType type, Optional<String> name) {
  /** Kubernetes' rule for names of objects (DNS-1123 subdomain). */
  private static final Pattern NAME =
      Pattern.compile(
          "(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");

  public ResourceSelector {
    requireNonNull(type, "type");
    name.ifPresent(n -> checkName("name", n));
  }

  /** All of a type. */
  public static ResourceSelector all(ResourceType type) {
    return new ResourceSelector(type, Optional.empty());
  }

  /** Whether a resource of our type with this name is meant. */
  public boolean matches(String candidate) {
    return name.isEmpty() || name.get().equals(candidate);
  }

  /**
   * @throws IllegalArgumentException unless the text may be the name of a Kubernetes object
   */
  public static String checkName(String what, String text) {
    if (!NAME.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "not the " + what + " of a Kubernetes object: \"" + Printable.text(text) + "\"");
    }
    return text;
  }

  /**
   * Reads {@code TYPE} or {@code TYPE/NAME}.
   *
   * @throws IllegalArgumentException with a text for people
   */
  public static ResourceSelector parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      return all(ResourceType.parse(text));
    }
    return new ResourceSelector(
        ResourceType.parse(text.substring(0, slash)), Optional.of(text.substring(slash + 1)));
  }

  /**
   * Reads the words of a command line as kubectl does: {@code TYPE}, {@code TYPE,TYPE}, {@code TYPE
   * NAME NAME}, {@code TYPE/NAME TYPE/NAME}, or {@code all}.
   *
   * @throws IllegalArgumentException with a text for people
   */
  public static List<ResourceSelector> parseWords(List<String> words) {
    if (words.isEmpty()) {
      throw new IllegalArgumentException("no resource type was given");
    }
    boolean slashes = words.stream().anyMatch(word -> word.contains("/"));
    if (slashes) {
      var selectors = new ArrayList<ResourceSelector>();
      for (String word : words) {
        if (!word.contains("/")) {
          throw new IllegalArgumentException(
              "there is no need to say a type apart when TYPE/NAME is used (found: "
                  + Printable.text(word)
                  + ")");
        }
        selectors.add(parse(word));
      }
      return List.copyOf(selectors);
    }
    List<ResourceType> types = types(words.getFirst());
    if (words.size() == 1) {
      return types.stream().map(ResourceSelector::all).toList();
    }
    if (types.size() > 1) {
      throw new IllegalArgumentException("names cannot be given for several types at once");
    }
    return words.stream()
        .skip(1)
        .distinct()
        .map(name -> new ResourceSelector(types.getFirst(), Optional.of(name)))
        .toList();
  }

  private static List<ResourceType> types(String commaList) {
    var types = new ArrayList<ResourceType>();
    for (String word : commaList.split(",", -1)) {
      List<ResourceType> meant =
          word.equalsIgnoreCase("all") ? ResourceType.ALL : List.of(ResourceType.parse(word));
      meant.stream().filter(type -> !types.contains(type)).forEach(types::add);
    }
    return types;
  }

  /** {@code deployment} or {@code deployment/web}. */
  @Override
  public String toString() {
    return type.longName() + name.map(n -> "/" + n).orElse("");
  }
}
