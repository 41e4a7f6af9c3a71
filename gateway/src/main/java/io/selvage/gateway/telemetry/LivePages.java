// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.telemetry;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.selvage.proxy.snapshot.Snapshot;
import io.selvage.proxy.upstream.Cluster;
import io.selvage.proxy.upstream.Endpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What is live, as JSON: {@code /routes} is the whole routing model, {@code /clusters} the
 * endpoints with their state. Keys and certificates are not part of either: the model's records
 * keep them out.
 */
final class LivePages {
  private final Supplier<Snapshot> live;
  private final ObjectWriter json;

  LivePages(Supplier<Snapshot> live) {
    this.live = live;
    var module = new SimpleModule();
    module.addSerializer(Optional.class, new OptionalAsNullable());
    this.json = new ObjectMapper().registerModule(module).writerWithDefaultPrettyPrinter();
  }

  String routes() throws JsonProcessingException {
    Snapshot snapshot = live.get();
    var page = new LinkedHashMap<String, Object>();
    page.put("version", snapshot.version());
    page.put("listeners", snapshot.model().listeners());
    page.put("routeTables", snapshot.model().routeTables().values());
    page.put("clusters", snapshot.model().clusters().values());
    page.put("settings", snapshot.model().settings());
    return json.writeValueAsString(page) + "\n";
  }

  String clusters() throws JsonProcessingException {
    List<Map<String, Object>> page = new ArrayList<>();
    for (Cluster cluster : live.get().clusters().values()) {
      var row = new LinkedHashMap<String, Object>();
      row.put("name", cluster.spec().name());
      row.put("statsName", cluster.spec().statsName());
      row.put("loadBalancer", cluster.spec().loadBalancer());
      row.put("available", cluster.availableCount());
      row.put("ejections", cluster.ejectionCount());
      row.put("endpoints", cluster.endpoints().stream().map(LivePages::endpoint).toList());
      page.add(row);
    }
    return json.writeValueAsString(page) + "\n";
  }

  private static Map<String, Object> endpoint(Endpoint endpoint) {
    var row = new LinkedHashMap<String, Object>();
    row.put("address", endpoint.toString());
    row.put("zone", endpoint.spec().zone());
    row.put("draining", endpoint.spec().draining());
    row.put("active", endpoint.active());
    return row;
  }

  /** An absent value is null, a present one itself. */
  @SuppressWarnings("rawtypes") // Jackson registers serializers by the raw class
  private static final class OptionalAsNullable extends JsonSerializer<Optional> {
    @Override
    public void serialize(Optional value, JsonGenerator out, SerializerProvider serializers)
        throws IOException {
      if (value.isPresent()) {
        serializers.defaultSerializeValue(value.get(), out);
      } else {
        out.writeNull();
      }
    }
  }
}
