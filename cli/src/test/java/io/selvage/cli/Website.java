// SPDX-License-Identifier: Apache-2.0
package io.selvage.cli;

/** The smallest folder that serves something, in one file: the README's own example. */
final class Website {
  static final String LISTENER =
      """
      apiVersion: getambassador.io/v3alpha1
      kind: Listener
      metadata:
        name: web
      spec:
        port: 18080
        protocol: HTTP
        securityModel: XFP
        hostBinding:
          namespace:
            from: ALL
      """;

  static final String MAPPING =
      """
      ---
      apiVersion: getambassador.io/v3alpha1
      kind: Mapping
      metadata:
        name: website
      spec:
        hostname: "*"
        prefix: /web/
        service: website
      """;

  static final String SERVICE =
      """
      ---
      apiVersion: v1
      kind: Service
      metadata:
        name: website
      spec:
        ports:
          - port: 80
      """;

  static final String ENDPOINTS =
      """
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata:
        name: website-1
        labels:
          kubernetes.io/service-name: website
      addressType: IPv4
      ports:
        - port: 9001
      endpoints:
        - addresses: ["127.0.0.1"]
      """;

  static final String ALL = LISTENER + MAPPING + SERVICE + ENDPOINTS;

  private Website() {}
}
