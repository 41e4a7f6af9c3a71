// SPDX-License-Identifier: Apache-2.0
package io.selvage.model.crd;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.selvage.model.kube.Lists;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code ambassador_id}: which gateway instances an object is meant for. A list in v3alpha1, a text
 * or a list in v2; absent means {@code default}.
 */
public record AmbassadorIds(@JsonValue List<String> values) {
  /** The id of an instance and of an object that name none. */
  public static final String DEFAULT_ID = "default";

  /** An object with this id belongs to every instance. */
  public static final String EVERY_INSTANCE = "_automatic_";

  public static final AmbassadorIds DEFAULT = new AmbassadorIds(List.of(DEFAULT_ID));

  public AmbassadorIds {
    values = values.isEmpty() ? List.of(DEFAULT_ID) : List.copyOf(values);
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static AmbassadorIds of(String id) {
    return new AmbassadorIds(List.of(id));
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static AmbassadorIds ofList(List<String> ids) {
    return new AmbassadorIds(Lists.copy(ids));
  }

  /** True if an object with these ids is meant for the instance {@code id}. */
  public boolean includes(String id) {
    return values.contains(id) || values.contains(EVERY_INSTANCE);
  }

  static AmbassadorIds orDefault(@Nullable AmbassadorIds ids) {
    return ids == null ? DEFAULT : ids;
  }
}
