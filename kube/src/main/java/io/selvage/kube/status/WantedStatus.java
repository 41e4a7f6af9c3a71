// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.status;

import io.selvage.model.ObjectStatus;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The part of an object's status that is ours: compared with what stands there, then put in place.
 */
sealed interface WantedStatus {
  /** True if nothing needs writing. */
  boolean isMet(@Nullable Object status);

  /** The whole status with our part replaced; what others wrote stays. */
  Map<String, Object> applyTo(@Nullable Object status);

  /**
   * {@code state}, {@code reason}, {@code message} and {@code observedGeneration} of a custom
   * resource. A Host's state is Ready or Error, as Emissary has it.
   */
  record State(String state, String reason, String message, long generation)
      implements WantedStatus {
    static State of(ObjectStatus status) {
      return new State(word(status), status.reason(), status.message(), status.generation());
    }

    /** Tools that watch Emissary's Hosts wait for its own two words. */
    private static String word(ObjectStatus status) {
      if (!status.object().kind().equals("Host")) {
        return status.state().text();
      }
      return status.state() == ObjectStatus.State.RUNNING ? "Ready" : "Error";
    }

    @Override
    public boolean isMet(@Nullable Object status) {
      Map<String, Object> now = fields(status);
      return state.equals(now.get("state"))
          && reason.equals(now.get("reason"))
          && message.equals(now.getOrDefault("message", ""))
          && now.get("observedGeneration") instanceof Number seen
          && seen.longValue() == generation;
    }

    @Override
    public Map<String, Object> applyTo(@Nullable Object status) {
      Map<String, Object> next = fields(status);
      next.put("state", state);
      next.put("reason", reason);
      next.put("message", message);
      next.put("observedGeneration", generation);
      return next;
    }
  }

  /** {@code loadBalancer} of an Ingress; without addresses it is emptied. */
  record Address(Set<String> addresses) implements WantedStatus {
    public Address {
      addresses = Set.copyOf(addresses);
    }

    @Override
    public boolean isMet(@Nullable Object status) {
      return published(status).equals(addresses);
    }

    @Override
    public Map<String, Object> applyTo(@Nullable Object status) {
      Map<String, Object> next = fields(status);
      List<Map<String, Object>> entries =
          addresses.stream()
              .sorted()
              .map(a -> Map.<String, Object>of(isIp(a) ? "ip" : "hostname", a))
              .toList();
      next.put("loadBalancer", entries.isEmpty() ? Map.of() : Map.of("ingress", entries));
      return next;
    }

    /** Addresses an Ingress' status carries. */
    static Set<String> published(@Nullable Object status) {
      var found = new HashSet<String>();
      Object entries = fields(fields(status).get("loadBalancer")).get("ingress");
      if (entries instanceof List<?> list) {
        for (Object entry : list) {
          Map<String, Object> at = fields(entry);
          Object address = at.getOrDefault("ip", at.get("hostname"));
          if (address != null) {
            found.add(address.toString());
          }
        }
      }
      return found;
    }

    private static boolean isIp(String text) {
      boolean looksLikeOne =
          text.indexOf(':') >= 0 || text.chars().allMatch(c -> c == '.' || c >= '0' && c <= '9');
      try {
        // A literal is parsed without asking a name server.
        return looksLikeOne && InetAddress.getByName(text) != null;
      } catch (UnknownHostException e) {
        return false;
      }
    }
  }

  /** A mapping of JSON as a new map; empty for anything else. */
  private static Map<String, Object> fields(@Nullable Object json) {
    var fields = new LinkedHashMap<String, Object>();
    if (json instanceof Map<?, ?> map) {
      map.forEach((name, value) -> {
        if (name != null && value != null) {
          fields.put(name.toString(), value);
        }
      });
    }
    return fields;
  }
}
