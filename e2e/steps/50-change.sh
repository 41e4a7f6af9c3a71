# SPDX-License-Identifier: Apache-2.0
# Changes under load
restarted() {
  kubectl rollout restart "deployment/$2" -n "$1"
  kubectl rollout status "deployment/$2" -n "$1" --timeout=240s
}

killed() {
  kubectl delete pod -n selvage -l selvage.io/control-plane-component=control-plane --grace-period=0 --force
}

back() {
  kubectl rollout status deployment/control-plane -n selvage --timeout=180s
}

# under_load WHAT LEAST COMMAND...: nobody notices, neither behind the gateway nor inside the mesh.
under_load() {
  local what=$1 least=$2
  shift 2
  load_begin gateway one_request "$(gateway_url)/meshweb/"
  load_begin inside by_client "http://$(cluster_ip meshweb)/"
  sleep 2
  promise "$what" "$@"
  sleep 5
  promise "no request inside the mesh failed" load_end inside "$least"
  promise "no request behind the gateway failed" load_end gateway "$least"
}

rotated() {
  mesh identity rotate
}

under_load "every meshed pod is replaced" 10 restarted default meshweb
under_load "the gateway is replaced" 10 restarted selvage selvage-gateway
under_load "the control plane is killed" 5 killed
promise "the control plane comes back" back
under_load "the root is replaced without a restart" 10 within 120 rotated
promise "edges are secured by the new root" within 60 prints 'meshclient +meshweb +default +default +√' mesh edges deploy
promise "mesh check finds everything well" within 90 prints 'Status check results are √' mesh check
