// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import io.selvage.gateway.compile.CompileResult;
import io.selvage.model.ObjectStatus;
import io.selvage.model.Problem;
import io.selvage.model.routing.Settings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** A compilation's result as YAML, without absent, empty and default values. */
final class GoldenText {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModule(new SimpleModule().addSerializer(new OptionalSerializer()))
          .build();

  /** Values left out because almost every scenario has them. */
  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("caseSensitive", "true"),
          Map.entry("append", "true"),
          Map.entry("redirectPort", "0"),
          Map.entry("insecure", "\"ROUTE\""),
          Map.entry("requestMillis", "3000"),
          Map.entry("idleMillis", "300000"),
          Map.entry("affinity", "{\"type\":\"None\"}"),
          Map.entry("host", "{\"type\":\"Keep\"}"),
          Map.entry("priority", "\"DEFAULT\""),
          Map.entry("maxRequestBodyBytes", "0"),
          Map.entry("protocol", "\"HTTP1\""),
          Map.entry("loadBalancer", "\"ROUND_ROBIN\""),
          Map.entry("connectTimeoutMillis", "3000"),
          Map.entry("idleTimeoutMillis", "3600000"),
          Map.entry("maxConnectionLifetimeMillis", "0"),
          Map.entry(
              "accrual",
              "{\"consecutiveFailures\":5,\"baseEjectionMillis\":30000,"
                  + "\"maxEjectionMillis\":300000,\"maxEjectedPercent\":50}"),
          Map.entry("defaultBreakers", breakers()),
          Map.entry("highBreakers", breakers()),
          Map.entry("address", "\"0.0.0.0\""),
          Map.entry("http2MaxConcurrentStreams", "100"),
          Map.entry("trustedHops", "0"),
          Map.entry("proxyProtocol", "false"));

  /** Derived values that records offer beside their components. */
  private static final Set<String> DERIVED = Set.of("empty");

  private GoldenText() {}

  private static String breakers() {
    return "{\"maxConnections\":1024,\"maxPendingRequests\":1024,\"maxRequests\":1024,"
        + "\"maxRetries\":3}";
  }

  static String of(CompileResult result) {
    var out = new LinkedHashMap<String, Object>();
    JsonNode model = JSON.valueToTree(result.model());
    put(out, "listeners", pruned(model.get("listeners")));
    put(out, "routeTables", tables(model.get("routeTables")));
    put(out, "clusters", pruned(model.get("clusters")));
    if (!result.model().settings().equals(Settings.defaults())) {
      put(out, "settings", pruned(model.get("settings")));
    }
    put(out, "statuses", result.statuses().stream().map(GoldenText::status).toList());
    put(out, "problems", result.problems().stream().map(GoldenText::problem).toList());
    var options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.AUTO);
    options.setWidth(140);
    options.setSplitLines(false);
    return new Yaml(options).dump(out);
  }

  private static void put(Map<String, Object> out, String key, @Nullable Object value) {
    if (value != null && !(value instanceof List<?> l && l.isEmpty())) {
      out.put(key, value);
    }
  }

  /** Certificates are made at each run, so the moments in messages differ. */
  private static String problem(Problem p) {
    return p.toString().replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "<time>");
  }

  private static String status(ObjectStatus s) {
    return s.object() + ": " + s.state().text() + " " + s.reason();
  }

  /** Tables as virtual host by table, so that the eye finds a route quickly. */
  private static @Nullable Object tables(JsonNode tables) {
    var out = new LinkedHashMap<String, Object>();
    for (Map.Entry<String, JsonNode> table : tables.properties()) {
      put(out, table.getKey(), pruned(table.getValue().get("virtualHosts")));
    }
    return out.isEmpty() ? null : out;
  }

  private static @Nullable Object pruned(@Nullable JsonNode node) {
    if (node == null || node.isNull()) {
      return null;
    }
    if (node.isArray()) {
      var list = new ArrayList<Object>();
      node.forEach(n -> {
        Object value = pruned(n);
        list.add(value == null ? "" : value);
      });
      return list.isEmpty() ? null : list;
    }
    if (node.isObject()) {
      if (node.size() == 3 && node.has("kind") && node.has("namespace") && node.has("name")) {
        return node.get("kind").asText()
            + " "
            + node.get("namespace").asText()
            + "/"
            + node.get("name").asText();
      }
      var map = new LinkedHashMap<String, Object>();
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        boolean isDefault =
            field.getValue().toString().equals(DEFAULTS.get(field.getKey()))
                || DERIVED.contains(field.getKey());
        Object value = isDefault ? null : pruned(field.getValue());
        if (value != null) {
          map.put(field.getKey(), value);
        }
      }
      return map.isEmpty() ? null : map;
    }
    return node.isTextual() && node.asText().isEmpty()
        ? null
        : node.isTextual()
            ? node.asText()
            : node.isBoolean() ? (Object) node.asBoolean() : (Object) node.numberValue();
  }

  /** Optional as its value or null; Jackson's own module for it is not among our libraries. */
  private static final class OptionalSerializer extends StdSerializer<Optional<?>> {
    private static final long serialVersionUID = 1;

    OptionalSerializer() {
      super(Optional.class, false);
    }

    @Override
    public void serialize(Optional<?> value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      provider.defaultSerializeValue(value.orElse(null), out);
    }
  }
}
