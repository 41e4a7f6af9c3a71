// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.emissary;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.Processor;

/**
 * Module {@code ambassador}: process-wide settings here, defaults of Mappings where they are read.
 */
public final class ModuleProcessor implements Processor {
  @Override
  public String name() {
    return "module";
  }

  @Override
  public void process(CompileContext context) {
    context.settings(EmissaryWorld.of(context).module().settings());
  }
}
