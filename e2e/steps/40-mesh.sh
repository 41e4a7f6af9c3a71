# SPDX-License-Identifier: Apache-2.0
# Mesh
mesh_samples() {
  made kubectl create deployment meshweb --image=httpd --port 80
  made kubectl expose deployment meshweb
  made kubectl create deployment meshclient --image=busybox -- sleep 86400
  rolled_out deployment/meshweb
  rolled_out deployment/meshclient
}

# inject NAME: a deployment that runs, as the course does it.
inject() {
  kubectl get deploy "$1" -o yaml | MESH_NO_BUILD=1 ./mesh inject - 2>"$OUT/inject.err" | kubectl apply -f -
  cat "$OUT/inject.err"
  grep -q "deployment \"$1\" injected" "$OUT/inject.err"
  rolled_out "deployment/$1"
}

pods_have_two() {
  local found
  found=$(kubectl get pods -l "app=$1" --no-headers)
  echo "$found"
  grep -qE ' 2/2 +Running ' <<<"$found" && ! grep -qE ' 1/1 +Running ' <<<"$found"
}

says_injected() {
  local text
  text=$(
    kubectl describe pod "$(pod app=meshweb)"
    kubectl get events --field-selector reason=Injected
  )
  echo "$text"
  grep -q 'selvage.io/inject: *enabled' <<<"$text" && grep -q ' Injected ' <<<"$text"
}

edge_is_secured() {
  prints 'meshclient-[^ ]+ +meshweb-[^ ]+ +default +default +√' mesh edges pod
}

# held_connection: an edge shows while it is open, though nobody has asked anything yet.
held_connection() {
  local ip=$1 code=0
  in_pod app=meshclient busybox sh -c "sleep 20 | nc $ip 80" >/dev/null 2>&1 &
  within 30 edge_is_secured || code=1
  kill $! 2>/dev/null || true
  return $code
}

# A file of manifests, and a namespace that asks for sidecars by itself.
web_from_a_file() {
  kubectl create deployment fileweb --image=httpd --port 80 --dry-run=client -o yaml >"$OUT/web.yaml"
  MESH_NO_BUILD=1 ./mesh inject - <"$OUT/web.yaml" 2>"$OUT/inject.err" | kubectl apply -f -
  grep -q 'deployment "fileweb" injected' "$OUT/inject.err"
  rolled_out deployment/fileweb
}

namespace_asks() {
  made kubectl create namespace e2e-annotated
  kubectl annotate --overwrite namespace e2e-annotated selvage.io/inject=enabled
  made kubectl create deployment nsweb -n e2e-annotated --image=httpd --port 80
  kubectl rollout status deployment/nsweb -n e2e-annotated --timeout=180s
  prints ' 2/2 +Running ' kubectl get pods -n e2e-annotated --no-headers
}

extra_samples_go() {
  kubectl delete namespace e2e-annotated --timeout=120s
  kubectl delete deployment fileweb
}

# dashboard: the page comes by a port of this machine, and what it is filled from answers.
dashboard() {
  local code=0 url
  MESH_NO_BUILD=1 ./mesh dashboard --no-browser --port 18085 >"$OUT/dashboard" 2>&1 &
  local process=$!
  within 60 prints 'http://[^ ]+' cat "$OUT/dashboard" || code=1
  url=$(grep -oE 'http://[^ ]+' "$OUT/dashboard" | head -1)
  within 30 prints '<html' curl -sS -m 10 "$url" || code=1
  within 30 prints 'meshweb' curl -sS -m 10 "${url%/}/api/v1/stat?resource=deploy" || code=1
  kill "$process" 2>/dev/null || true
  return $code
}

# as_stranger: a kubeconfig of an account that may do nothing.
as_stranger() {
  made kubectl create serviceaccount stranger
  kubectl config view --raw --minify --flatten >"$OUT/stranger.conf"
  kubectl --kubeconfig="$OUT/stranger.conf" config set-credentials stranger --token="$(kubectl create token stranger)"
  kubectl --kubeconfig="$OUT/stranger.conf" config set-context --current --user=stranger
}

# refused_to_stranger PATTERN ARGUMENT...: exit code 1, nothing printed, and the reason.
refused_to_stranger() {
  local pattern=$1 code=0
  shift
  KUBECONFIG=$OUT/stranger.conf mesh "$@" >"$OUT/stranger.out" 2>"$OUT/stranger.err" || code=$?
  cat "$OUT/stranger.err"
  [[ $code == 1 && ! -s $OUT/stranger.out ]] && grep -qE -- "$pattern" "$OUT/stranger.err"
}

many_requests() {
  # shellcheck disable=SC2016 # for the pod's shell
  in_pod app=meshclient busybox sh -c 'i=0; while [ $i -lt 200 ]; do timeout 10 wget -q -O /dev/null http://'"$1"'/ || exit 1; i=$((i+1)); done'
}

# stat_shows PATTERN ARGUMENT...: of `mesh stat`, with requests in its window.
stat_shows() {
  local pattern=$1 i
  shift
  for i in 1 2 3 4 5; do
    by_client "http://$(cluster_ip meshweb)" >"$OUT/page"
  done
  sleep 6
  prints "$pattern" mesh stat "$@"
}

promise "the samples start" mesh_samples
promise "mesh inject marks a deployment that runs" inject meshweb
promise "its pod is 2/2" within 90 pods_have_two meshweb
promise "annotation and Event say so" says_injected
promise "the client too" inject meshclient
promise "its pod is 2/2" within 90 pods_have_two meshclient
promise "a file of manifests is injected" web_from_a_file
promise "its pod is 2/2" within 90 pods_have_two fileweb
promise "a namespace's annotation gives its pods a sidecar" namespace_asks
promise "both go" extra_samples_go
promise "the page, over mutual TLS" within 60 prints 'It works!' by_client "http://$(cluster_ip meshweb)"
promise "mesh edges pod shows a connection that is held open as secured" held_connection "$(cluster_ip meshweb)"
promise "two hundred requests" many_requests "$(cluster_ip meshweb)"
promise "mesh stat counts them, without failures" within 60 stat_shows '^default +[0-9]+/[0-9]+ +100\.00% +[0-9.]+rps +[0-9]+ms +[0-9]+ms +[0-9]+ms +[0-9]+' ns/default
promise "mesh stat by deployment" within 60 stat_shows '^meshweb +1/1 +100\.00%' deployments -n default
promise "mesh stat deploy" within 60 stat_shows '^meshweb +1/1 +100\.00%' deploy
promise "the gateway's way to a meshed backend" kubectl apply -f e2e/manifests/mesh.yaml
promise "answers" within 60 prints 'It works!' curl -sS -m 10 "$(gateway_url)/meshweb/"
promise "and shows as a secured edge" within 30 prints 'selvage-gateway +meshweb +selvage +default +√' mesh edges deploy
promise "six replicas" eval 'kubectl scale deployment meshweb --replicas=6; rolled_out deployment/meshweb'
promise "two hundred requests more" many_requests "$(cluster_ip meshweb)"
promise "and the numbers follow" within 60 stat_shows '^meshweb +6/6 +100\.00%' deploy
promise "mesh check --proxy finds every sidecar well" within 90 prints 'Status check results are √' mesh check --proxy
promise "mesh dashboard shows its page and the workloads" dashboard
promise "an account without rights" as_stranger
promise "is told that it may not list pods" refused_to_stranger 'your account may not list pods in the namespace selvage' stat deploy
promise "nor install" refused_to_stranger '^You may not create ' install
kubectl create role stranger -n selvage --verb=get,list --resource=pods >>"$LOG"
kubectl create rolebinding stranger -n selvage --role=stranger --serviceaccount=default:stranger >>"$LOG"
promise "with the right to list pods, that it may not open their ports" refused_to_stranger 'your account may not create pods/portforward in the namespace selvage' stat deploy
kubectl delete rolebinding,role -n selvage stranger >>"$LOG"
kubectl delete serviceaccount stranger >>"$LOG"
around "with the mesh around it"
