// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli.install;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.selvage.cli.VersionCommand;
import io.selvage.cli.install.HelmEngine.RenderException;
import io.selvage.kube.api.NamedObjects.Type;
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
   * Everything that this version of the chart makes by the values of the installation: those that
   * hold, or those that were chosen where {@code mesh upgrade} will take these to this version.
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
              installation.valuesFor(VersionCommand.number()),
              Optional.empty(),
              Surroundings.of(Optional.of(kubernetes)));
      return HelmEngine.objects(release.render(charts));
    } catch (RenderException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /**
   * Whether {@code mesh upgrade} changes the installation: neither Helm keeps it nor a tool that
   * applies what Helm rendered. What cannot be read is taken for ours.
   */
  public static boolean isOurs(ObjectNode config) {
    try {
      return new Installation("", config).isOurs();
    } catch (IOException e) {
      return true;
    }
  }

  /** The release as which Helm keeps an installation; empty if it is kept by these commands. */
  public static Optional<String> helmRelease(ObjectNode config) {
    return new Installation("", config).helmRelease();
  }

  /** The kind of an object of the charts; empty if this version makes none of it. */
  public static Optional<Type> kind(ObjectNode object) {
    return MeshKinds.of(object);
  }

  /** All values that hold in an installation. */
  public static ObjectNode values(String namespace, ObjectNode config) throws IOException {
    return new Installation(namespace, config).values();
  }
}
