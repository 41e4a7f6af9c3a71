// SPDX-License-Identifier: Apache-2.0
package io.selvage.injector.config;

import io.selvage.injector.pod.MeshNames;
import io.selvage.model.mesh.MeshProtocol;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What holds for one pod's sidecar: every value was checked.
 *
 * @param values what was chosen; absent options have their default
 * @param annotations to be written to the pod, so that it says itself what it was made with
 * @param warnings for whoever made the pod; nothing in them keeps it from being made
 */
public record ProxyConfig(
    Map<ConfigOption, String> values, Map<String, String> annotations, List<String> warnings) {
  /** Options that are the operator's alone, because they decide what runs and as whom. */
  private static final Set<String> OPERATORS =
      Set.of(
          "proxy-image",
          "proxy-version",
          "image-pull-policy",
          "proxy-init-image",
          "proxy-init-image-version",
          "debug-image",
          "debug-image-version",
          "debug-image-pull-policy",
          "enable-debug-sidecar",
          "proxy-uid",
          "proxy-gid",
          "proxy-additional-env");

  /** Requests, each with its limit. */
  private static final List<List<ConfigOption>> LIMITED =
      List.of(
          List.of(ConfigOption.PROXY_CPU_REQUEST, ConfigOption.PROXY_CPU_LIMIT),
          List.of(ConfigOption.PROXY_MEMORY_REQUEST, ConfigOption.PROXY_MEMORY_LIMIT),
          List.of(
              ConfigOption.PROXY_EPHEMERAL_STORAGE_REQUEST,
              ConfigOption.PROXY_EPHEMERAL_STORAGE_LIMIT));

  /** What the control plane reads from the pod as well. */
  private static final List<ConfigOption> SKIPS =
      List.of(
          ConfigOption.SKIP_INBOUND_PORTS,
          ConfigOption.SKIP_OUTBOUND_PORTS,
          ConfigOption.SKIP_SUBNETS);

  public ProxyConfig {
    values = Map.copyOf(values);
    annotations = Map.copyOf(annotations);
    warnings = List.copyOf(warnings);
  }

  /** What a sidecar needs to start and to serve: less ends it, or starves it. */
  private static final Map<ConfigOption, String> LEAST =
      Map.of(ConfigOption.PROXY_MEMORY_LIMIT, "96Mi", ConfigOption.PROXY_CPU_LIMIT, "50m");

  /** An annotation whose value cannot be used. */
  public static final class InvalidConfigException extends Exception {
    InvalidConfigException(String where, String annotation, String value, String problem) {
      super(
          "%s annotation %s: \"%s\" is %s".formatted(where, annotation, printable(value), problem));
    }
  }

  /** The value of an option, if it was chosen. */
  public Optional<String> get(ConfigOption option) {
    return Optional.ofNullable(values.get(option));
  }

  /** The value of an option that is a number, or its default. */
  public int number(ConfigOption option, int byDefault) {
    return get(option).map(Integer::valueOf).orElse(byDefault);
  }

  /**
   * The same with what holds where annotations say nothing. What others go by is written to the
   * pod.
   *
   * @param defaults checked values, those that were given to {@link #read}
   */
  public ProxyConfig over(Map<ConfigOption, String> defaults) {
    var all = new EnumMap<ConfigOption, String>(ConfigOption.class);
    all.putAll(defaults);
    var written = new TreeMap<>(annotations);
    for (ConfigOption option : SKIPS) {
      String value = all.get(option);
      if (value != null && !values.containsKey(option)) {
        written.put(option.annotation(), value);
      }
    }
    all.putAll(values);
    return new ProxyConfig(all, written, warnings);
  }

  /**
   * Why defaults make no sidecar that runs; empty if they do.
   *
   * @param defaults checked one by one
   */
  public static Optional<String> problem(Map<ConfigOption, String> defaults) {
    for (Map.Entry<ConfigOption, String> least : LEAST.entrySet()) {
      String limit = defaults.get(least.getKey());
      if (limit != null && Reading.isAbove(least.getValue(), limit)) {
        return Optional.of(
            "\"%s\": \"%s\" is below %s, with which a sidecar does not run"
                .formatted(least.getKey().key(), limit, least.getValue()));
      }
    }
    for (List<ConfigOption> pair : LIMITED) {
      String request = defaults.get(pair.getFirst());
      String limit = defaults.get(pair.getLast());
      if (request != null && limit != null && Reading.isAbove(request, limit)) {
        return Optional.of(
            "\"%s\": \"%s\" is above the limit %s"
                .formatted(pair.getFirst().key(), request, limit));
      }
    }
    return Optional.empty();
  }

  /**
   * Reads annotations. The pod's count before the namespace's, ours before Linkerd's.
   *
   * @param acceptLinkerd whether {@code config.linkerd.io/} counts; a value there that means
   *     nothing here is a warning, since it was written for another, and so is one too small for us
   * @param defaults requests and limits that hold where annotations give none; what was chosen wins
   *     over them, so that no request is above its limit, with a warning
   * @throws InvalidConfigException naming an annotation of ours whose value makes no sense
   */
  public static ProxyConfig read(
      Map<String, String> pod,
      Map<String, String> namespace,
      boolean acceptLinkerd,
      Map<ConfigOption, String> defaults)
      throws InvalidConfigException {
    var reading = new Reading();
    reading.take("pod", pod, MeshNames.CONFIG, true);
    if (acceptLinkerd) {
      reading.take("pod", pod, MeshNames.LINKERD_CONFIG, false);
    }
    var ofPod = new EnumMap<>(reading.values);
    reading.take("namespace", namespace, MeshNames.CONFIG, true);
    if (acceptLinkerd) {
      reading.take("namespace", namespace, MeshNames.LINKERD_CONFIG, false);
    }
    reading.checkLimits(defaults);
    reading.checkPorts();
    var written = new TreeMap<String, String>();
    reading.values.forEach((option, value) -> {
      boolean missing = !pod.containsKey(option.annotation());
      // What the control plane goes on reading must not be frozen by a copy of the namespace's.
      if (missing && (option.isFixed() || ofPod.containsKey(option))) {
        written.put(option.annotation(), value);
      }
    });
    return new ProxyConfig(reading.values, written, reading.warnings);
  }

  /**
   * Where a value comes from.
   *
   * @param where pod or namespace
   * @param annotation its whole name
   * @param ours whether it was written for us
   */
  private record Place(String where, String annotation, boolean ours) {}

  /** Values gathered so far; the first of an option counts. */
  private static final class Reading {
    final EnumMap<ConfigOption, String> values = new EnumMap<>(ConfigOption.class);
    final EnumMap<ConfigOption, Place> places = new EnumMap<>(ConfigOption.class);
    final List<String> warnings = new ArrayList<>();

    void take(String where, Map<String, String> annotations, String domain, boolean strict)
        throws InvalidConfigException {
      for (String name : new TreeSet<>(annotations.keySet())) {
        if (!name.startsWith(domain)) {
          continue;
        }
        String key = name.substring(domain.length());
        String value = annotations.getOrDefault(name, "").strip();
        var option = ConfigOption.find(key);
        if (option.isEmpty()) {
          if (strict) {
            warn(
                where,
                name,
                OPERATORS.contains(key) ? "is the operator's to choose" : "is unknown");
          }
          continue;
        }
        var problem = option.get().problem(value);
        if (problem.isPresent() && strict) {
          throw new InvalidConfigException(where, name, value, problem.get());
        }
        if (problem.isPresent()) {
          warn(where, name, "means nothing here: \"" + printable(value) + "\" is " + problem.get());
        } else if (values.putIfAbsent(option.get(), value) == null) {
          places.put(option.get(), new Place(where, name, strict));
        }
      }
    }

    private void warn(String where, String annotation, String text) {
      warn("%s annotation %s %s; ignored".formatted(where, printable(annotation), text));
    }

    private void warn(String text) {
      if (warnings.size() < 20) {
        warnings.add(text);
      }
    }

    void checkLimits(Map<ConfigOption, String> defaults) throws InvalidConfigException {
      for (Map.Entry<ConfigOption, String> least : LEAST.entrySet()) {
        checkLeast(least.getKey(), least.getValue());
      }
      for (List<ConfigOption> pair : LIMITED) {
        check(pair.getFirst(), pair.getLast(), defaults);
      }
    }

    private void checkLeast(ConfigOption limit, String least) throws InvalidConfigException {
      String chosen = values.get(limit);
      Place place = places.get(limit);
      if (chosen == null || place == null || !isAbove(least, chosen)) {
        return;
      }
      if (place.ours) {
        throw invalid(place, chosen, "below " + least + ", with which a sidecar does not run");
      }
      values.put(limit, least);
      warn(
          "%s annotation %s: %s is below what a sidecar runs with; %s is used"
              .formatted(place.where, place.annotation, chosen, least));
    }

    /** The API server takes no pod with a request above its limit, and does not say whose it is. */
    private void check(ConfigOption request, ConfigOption limit, Map<ConfigOption, String> defaults)
        throws InvalidConfigException {
      String wanted = values.getOrDefault(request, defaults.getOrDefault(request, ""));
      String most = values.getOrDefault(limit, defaults.getOrDefault(limit, ""));
      if (wanted.isEmpty() || most.isEmpty() || !isAbove(wanted, most)) {
        return;
      }
      Place requested = places.get(request);
      Place limited = places.get(limit);
      if (requested != null && limited != null) {
        if (requested.ours) {
          throw invalid(requested, wanted, "above the limit " + most);
        }
        if (limited.ours) {
          give(request, most, limited, "the request " + wanted);
        } else {
          give(limit, wanted, requested, "the limit " + most);
        }
      } else if (requested != null) {
        give(limit, wanted, requested, "the default limit " + most);
      } else if (limited != null) {
        give(request, most, limited, "the default request " + wanted);
      }
    }

    /** Sets one of a pair to the other, which was chosen. */
    private void give(ConfigOption option, String value, Place chosen, String instead) {
      values.put(option, value);
      warn(
          "%s annotation %s: %s is used as %s too, instead of %s"
              .formatted(chosen.where, chosen.annotation, value, option.key(), instead));
    }

    private static boolean isAbove(String one, String other) {
      return Values.amount(one).compareTo(Values.amount(other)) > 0;
    }

    private static InvalidConfigException invalid(Place place, String value, String problem) {
      return new InvalidConfigException(place.where, place.annotation, value, problem);
    }

    void checkPorts() throws InvalidConfigException {
      var taken = new HashMap<String, ConfigOption>();
      var defaults =
          Map.of(
              ConfigOption.INBOUND_PORT, MeshProtocol.INBOUND_PORT,
              ConfigOption.OUTBOUND_PORT, MeshProtocol.OUTBOUND_PORT,
              ConfigOption.ADMIN_PORT, MeshProtocol.ADMIN_PORT);
      for (ConfigOption option :
          List.of(ConfigOption.INBOUND_PORT, ConfigOption.OUTBOUND_PORT, ConfigOption.ADMIN_PORT)) {
        String port = values.getOrDefault(option, String.valueOf(defaults.get(option)));
        ConfigOption other = taken.put(port, option);
        if (other != null) {
          ConfigOption chosen = values.containsKey(option) ? option : other;
          throw invalid(
              places.getOrDefault(chosen, new Place("", chosen.annotation(), true)),
              port,
              "the port of " + (chosen == option ? other : option).key());
        }
      }
    }
  }

  /** A stranger's text, fit for a message. */
  private static String printable(String text) {
    String start = text.length() > 80 ? text.substring(0, 80) + "..." : text;
    return start.replaceAll("[^\\x20-\\x7e]", "?");
  }
}
