// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.kube;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * {@code metadata.ownerReferences[]}.
 *
 * @param controller whether this owner manages the object; at most one does
 */
public record OwnerReference(
    String apiVersion, String kind, String name, String uid, boolean controller) {
  public OwnerReference(
      @JsonProperty("apiVersion") @Nullable String apiVersion,
      @JsonProperty("kind") @Nullable String kind,
      @JsonProperty("name") @Nullable String name,
      @JsonProperty("uid") @Nullable String uid,
      @JsonProperty("controller") boolean controller) {
    this.apiVersion = apiVersion == null ? "" : apiVersion;
    this.kind = kind == null ? "" : kind;
    this.name = name == null ? "" : name;
    this.uid = uid == null ? "" : uid;
    this.controller = controller;
  }
}
