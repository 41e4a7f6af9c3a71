// SPDX-License-Identifier: Apache-2.0
package io.selvage.kube.api;

import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.selvage.model.kube.Kind;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Asks for no more than the metadata of some kinds, wherever they are read: the API server then
 * leaves the rest out of lists, watches and answers (API concepts, "partial object metadata").
 */
final class MetadataRequests implements Interceptor {
  static final String NAME = "selvage-metadata";

  /** {@code group/plural}. */
  private final Set<String> resources = ConcurrentHashMap.newKeySet();

  void add(Kind<?> kind) {
    resources.add(kind.group() + "/" + kind.plural());
  }

  @Override
  public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
    if (resources.isEmpty() || !request.method().equals("GET")) {
      return;
    }
    URI uri = request.uri();
    List<String> parts = Arrays.stream(uri.getPath().split("/")).filter(p -> !p.isEmpty()).toList();
    Place place = Place.of(parts);
    if (resources.contains(place.group + "/" + place.plural)) {
      String query = uri.getQuery() == null ? "" : "&" + uri.getQuery() + "&";
      boolean list = !place.named && !query.contains("&watch=true&");
      builder.setHeader(
          "Accept",
          "application/json;as=PartialObjectMetadata%s;g=meta.k8s.io;v=v1,application/json"
              .formatted(list ? "List" : ""));
    }
  }

  /** What a path of the API leads to; a subresource leads nowhere. */
  private record Place(String group, String plural, boolean named) {
    private static final Place NOWHERE = new Place("", "", false);

    /** {@code [..] api VERSION ..} or {@code [..] apis GROUP VERSION ..}. */
    static Place of(List<String> parts) {
      int core = parts.indexOf("api");
      int grouped = parts.indexOf("apis");
      boolean isCore = core >= 0 && (grouped < 0 || core < grouped);
      int first = isCore ? core + 2 : grouped + 3;
      if (core < 0 && grouped < 0 || first >= parts.size()) {
        return NOWHERE;
      }
      String group = isCore ? "" : parts.get(grouped + 1);
      boolean namespaced = parts.get(first).equals("namespaces") && parts.size() > first + 2;
      int plural = namespaced ? first + 2 : first;
      return parts.size() > plural + 2
          ? NOWHERE
          : new Place(group, parts.get(plural), parts.size() == plural + 2);
    }
  }
}
