# SPDX-License-Identifier: Apache-2.0
# Sourced by e2e/run: what Kubernetes does by itself, and goes on doing with us around it.

around_begin() {
  kubectl create deployment website --replicas=3 --image=httpd --dry-run=client -o yaml | kubectl apply -f -
  kubectl apply -f e2e/manifests/around.yaml
  rolled_out deployment/website
  rolled_out statefulset/webstate
  rolled_out deployment/asker
}

# ask URL: a page, from the asking pod.
ask() {
  in_pod app=asker busybox timeout 10 wget -q -O - "$1"
}

website_addresses() {
  kubectl get endpointslices -l kubernetes.io/service-name=website \
    -o jsonpath='{range .items[*].endpoints[?(@.conditions.ready==true)]}{.addresses[0]}{"\n"}{end}' | sort
}

lookup_finds_every_pod() {
  local found address
  found=$(in_pod app=asker busybox nslookup webstate.default.svc.cluster.local)
  echo "$found"
  for address in $(kubectl get pods -l app=webstate -o jsonpath='{.items[*].status.podIP}'); do
    grep -qF "$address" <<<"$found"
  done
}

scaled_to() {
  [[ $(website_addresses | wc -l) == "$1" ]]
}

leaves_by_label() {
  local name address
  name=$(pod app=website)
  address=$(kubectl get pod "$name" -o jsonpath='{.status.podIP}')
  kubectl label pod "$name" app=elsewhere --overwrite
  within 20 never "^${address//./\\.}$" website_addresses
  kubectl delete pod "$name" --wait=false
}

# around WHEN: the steps that hold whether we are there or not.
around() {
  promise "the ClusterIP gives the page, $1" within 60 prints 'It works!' ask "http://$(cluster_ip website)/"
  promise "the name gives the page, $1" within 30 prints 'It works!' ask http://website/
  promise "the name with its namespace gives the page, $1" within 30 prints 'It works!' ask http://website.default/
  promise "the node port 31100 gives the page, $1" within 30 prints 'It works!' curl -sS -m 10 "http://$NODE:31100/"
  promise "a headless Service's name is every pod, $1" within 60 lookup_finds_every_pod
  promise "a StatefulSet's pod answers by its own name, $1" within 60 prints 'It works!' ask http://webstate-1.webstate.default.svc.cluster.local/
  promise "a scaled Service has two endpoints, $1" eval 'kubectl scale deployment website --replicas=2; within 60 scaled_to 2'
  load_begin around ask "http://$(cluster_ip website)/"
  sleep 8
  promise "no request fails meanwhile, $1" load_end around 3
  promise "a pod is deleted, $1" eval 'kubectl delete pod "$(pod app=website)"; within 90 scaled_to 2'
  load_begin around ask "http://$(cluster_ip website)/"
  sleep 4
  promise "no request fails once another is ready, $1" load_end around 3
  promise "a pod without its label leaves the endpoints, $1" leaves_by_label
  kubectl scale deployment website --replicas=3 >>"$LOG"
  promise "and another takes its place, $1" within 90 scaled_to 3
}
