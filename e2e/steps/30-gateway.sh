# SPDX-License-Identifier: Apache-2.0
# Gateway
gateway_samples() {
  kubectl apply -f e2e/manifests/gateway.yaml
  made kubectl create deployment engine --image=nginx
  made kubectl expose deployment engine --port=80
  rolled_out deployment/engine
}

nothing_is_at_engine() {
  local answer
  answer=$(curl -sS -i -m 10 "$(gateway_url)/engine/")
  echo "$answer"
  grep -q '^HTTP/1.1 404 Not Found' <<<"$answer" && grep -qi '^content-length: 0' <<<"$answer" && grep -qi '^server: ' <<<"$answer"
}

engine_answers() {
  local answer
  answer=$(curl -sS -i -m 10 "$(gateway_url)/engine/")
  echo "$answer"
  grep -q '^HTTP/1.1 200' <<<"$answer" && grep -q 'Welcome to nginx' <<<"$answer" && grep -qiE '^x-[a-z-]*upstream[a-z-]*time: ' <<<"$answer"
}

# at HOST PATH: the page of a virtual host.
at() {
  curl -sS -m 10 -H "host: $1" "$(gateway_url)$2"
}

certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=secure.example -addext subjectAltName=DNS:secure.example \
    -keyout "$OUT/tls.key" -out "$OUT/tls.crt"
  made kubectl create secret tls secure --cert="$OUT/tls.crt" --key="$OUT/tls.key"
}

secured() {
  local url=$(gateway_url https)
  curl -sS -m 10 --cacert "$OUT/tls.crt" --resolve "secure.example:${url##*:}:$NODE" "https://secure.example:${url##*:}/"
}

describes() {
  local text
  text=$(kubectl describe ingress demo)
  echo "$text"
  grep -q '/demo' <<<"$text" && grep -qi 'default backend: *engine' <<<"$text"
}

promise "the samples start" gateway_samples
promise "a Mapping serves /web/" within 60 prints 'It works!' curl -sS -m 10 "$(gateway_url)/web/"
promise "what nobody serves is 404 with an empty body" nothing_is_at_engine
promise "an Ingress of class ambassador" kubectl apply -f e2e/manifests/engine.yaml
promise "serves /engine/ by the backend's root page, and says how long it took" within 30 engine_answers
promise "basic Ingresses" kubectl apply -f e2e/manifests/ingresses.yaml
promise "/demo goes to its Service" within 30 prints 'It works!' at any.example /demo
promise "everything else of that Ingress to its default backend" within 30 prints 'nginx' at demo.example /
promise "the first of two hosts" within 30 prints 'It works!' at one.example /
promise "the second of two hosts" within 30 prints 'nginx' at two.example /
promise "an exact path wins over its prefix" within 30 prints 'nginx' at exact.example /page
promise "the longer prefix wins" within 30 prints 'It works!' at exact.example /pages/more/
promise "a certificate in a Secret" certificate
promise "serves TLS for its host" within 30 prints 'It works!' secured
promise "kubectl describe shows addresses and backends" describes
promise "two Ingresses of one class are both served: /host" within 30 prints 'It works!' at pair.example /host
promise "two Ingresses of one class are both served: /data" within 30 prints 'nginx' at pair.example /data
promise "one of them is deleted" kubectl delete ingress data
promise "and only its path stops" within 30 prints '^404' curl -sS -m 10 -o /dev/null -w '%{http_code}' -H 'host: pair.example' "$(gateway_url)/data"
promise "while the other goes on" prints 'It works!' at pair.example /host
