// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.install.HelmEngine.RenderException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What an installation consists of, by the ConfigMap that it left. */
public final class Expected {
  private Expected() {}

  /** The custom resources. */
  public static List<ObjectNode> customResources(String namespace) throws IOException {
    try (ChartFiles charts = ChartFiles.unpack()) {
      return HelmEngine.objects(Release.renderCrds(charts, namespace));
    } catch (RenderException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /**
   * Everything that this version of the chart makes by the values that were chosen.
   *
   * @param config the ConfigMap {@value MeshKinds#CONFIG}
   * @param kubernetes version of the cluster, such as {@code v1.36.2}
   */
  public static List<ObjectNode> objects(String namespace, ObjectNode config, String kubernetes)
      throws IOException {
    try (ChartFiles charts = ChartFiles.unpack()) {
      var installation = new Installation(namespace, config);
      var release =
          new Release(
              namespace,
              installation.overrides(),
              Optional.empty(),
              List.of(),
              Optional.of(kubernetes));
      return HelmEngine.objects(release.render(charts));
    } catch (RenderException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** All values that hold in an installation. */
  public static ObjectNode values(String namespace, ObjectNode config) throws IOException {
    return new Installation(namespace, config).values();
  }
}
