# SPDX-License-Identifier: Apache-2.0
# Install
load_images() {
  local component
  if [[ -z ${E2E_LOAD:-} ]]; then
    echo "E2E_LOAD is not set: the cluster pulls the images"
    return
  fi
  for component in gateway control-plane injector-webhook sidecar; do
    # shellcheck disable=SC2086 # a command with its arguments
    $E2E_LOAD "target/images/$component.tar" "$PREFIX/$component:$VERSION"
  done
}

install() {
  kubectl create namespace selvage
  mesh install --crds >"$OUT/crds.yaml"
  kubectl apply -f "$OUT/crds.yaml"
  mesh install ${E2E_PREFIX:+--set "images.prefix=$E2E_PREFIX"} >"$OUT/install.yaml"
  kubectl apply -f "$OUT/install.yaml"
  kubectl wait --for=condition=available --timeout=180s deploy -n selvage --all
}

kinds_are_served() {
  local kind found
  found=$(kubectl api-resources --api-group=getambassador.io --no-headers)
  echo "$found"
  for kind in Listener Mapping Host TLSContext TCPMapping Module KubernetesServiceResolver KubernetesEndpointResolver ConsulResolver; do
    grep -qE " $kind\$" <<<"$found"
  done
}

node_ports() {
  [[ $(kubectl get service selvage-gateway -n selvage -o jsonpath='{.spec.type} {.spec.ports[?(@.port==80)].nodePort} {.spec.ports[?(@.port==443)].nodePort}') =~ ^LoadBalancer\ [0-9]+\ [0-9]+$ ]]
}

refuses_a_second_install() {
  if mesh install; then
    return 1
  fi
}

promise "the images are known to the cluster" load_images
promise "mesh check --pre finds nothing against an install" prints 'Status check results are √' mesh check --pre
promise "installed and available" install
promise "mesh check finds everything well" within 60 prints 'Status check results are √' mesh check
promise "kubectl get all shows three components" prints 'deployment.apps/selvage-gateway +1/1' kubectl get all -n selvage
promise "the gateway's Service is a LoadBalancer with node ports for 80 and 443" node_ports
promise "Emissary's kinds are there" kinds_are_served
promise "a second install is refused" refuses_a_second_install
