# SPDX-License-Identifier: Apache-2.0
# Uninstall
refuses_while_injected() {
  if mesh uninstall >"$OUT/refused.yaml"; then
    return 1
  fi
}

uninject() {
  local name
  for name in meshweb meshclient; do
    kubectl get deploy "$name" -o yaml | MESH_NO_BUILD=1 ./mesh uninject - | kubectl apply -f -
    rolled_out "deployment/$name"
  done
}

one_container() {
  [[ -z $(kubectl get pods -o jsonpath='{range .items[*]}{.spec.initContainers[*].name}{end}' | grep selvage) ]]
}

uninstall() {
  mesh uninstall >"$OUT/uninstall.yaml"
  kubectl delete -f "$OUT/uninstall.yaml" --ignore-not-found --timeout=180s
}

samples_go() {
  kubectl delete --ignore-not-found -f e2e/manifests/around.yaml
  kubectl delete --ignore-not-found deployment/meshweb deployment/meshclient deployment/engine deployment/website \
    service/meshweb service/engine secret/secure
}

promise "an uninstall is refused while pods are injected" refuses_while_injected
promise "mesh uninject" uninject
promise "no pod has a sidecar any more" within 120 one_container
promise "the samples of the gateway go" kubectl delete --ignore-not-found -f e2e/manifests/mesh.yaml -f e2e/manifests/gateway.yaml -f e2e/manifests/ingresses.yaml -f e2e/manifests/engine.yaml
promise "uninstalled" uninstall
promise "nothing of ours is left" within 60 nothing_left
around "after the uninstall"
promise "the samples go" samples_go
