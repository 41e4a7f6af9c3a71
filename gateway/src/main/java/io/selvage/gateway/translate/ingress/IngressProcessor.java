// SPDX-License-Identifier: Apache-2.0
package io.selvage.gateway.translate.ingress;

import io.selvage.gateway.translate.CompileContext;
import io.selvage.gateway.translate.Processor;

/** Translates Ingress v1. */
public final class IngressProcessor implements Processor {
  @Override
  public String name() {
    return "ingress";
  }

  @Override
  public void process(CompileContext context) {}
}
