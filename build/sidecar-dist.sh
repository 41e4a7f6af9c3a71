#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build/sidecar-dist.sh build|skip: gathers the jars that a sidecar uses under sidecar/target/dist/lib, those of
# proxy-init under sidecar/target/init/lib and, on `build`, makes the JVM's ahead-of-time caches beside them. Run at
# the package phase of sidecar.
set -euo pipefail
cd "$(dirname "$0")/.."
source build/java25.sh
source build/gather.sh
source build/jvm.sh

# What comes with the data path and is not used in a sidecar: metrics are rendered by mesh-client; traces, regular
# expressions and JSON are the gateway's; certificates are issued elsewhere, and requests for them need no library.
unused() {
  case ${1##*/} in
  micrometer-* | prometheus-metrics-* | opentelemetry-* | HdrHistogram-* | LatencyUtils-* | re2j-*) ;;
  vertx-web-* | vertx-auth-* | vertx-bridge-* | vertx-uri-* | jackson-*) ;;
  bcpkix-* | bcprov-* | bcutil-*) ;;
  *-native-io_uring-* | netty-codec-haproxy-* | netty-codec-socks-* | netty-handler-proxy-*) ;;
  netty-codec-http3-* | netty-codec-classes-quic-* | netty-codec-native-quic-* | jspecify-*) ;;
  # Native libraries of another machine.
  *-linux-x86_64.jar) [[ $(uname -m) != x86_64 ]] ;;
  *-linux-aarch_64.jar) [[ $(uname -m) != aarch64 ]] ;;
  *) return 1 ;;
  esac
}

# train DIST LOG FLAG... -- MAIN ARGUMENT...: one run that fills DIST/selvage.aot.
train() {
  local dist=$1 log=$2
  shift 2
  local flags=()
  while [[ $1 != -- ]]; do
    flags+=("$1")
    shift
  done
  shift
  if ! env "${SIDECAR_ENVIRONMENT[@]}" timeout 300 "$JAVA25/bin/java" "${flags[@]}" -XX:AOTCacheOutput="$dist/selvage.aot" \
    -cp "$(dist_classpath "$dist")" "$@" >"$log" 2>&1; then
    rm -f "$dist/selvage.aot"
    echo "selvage: the ahead-of-time training run failed (see $log): it will start slower" >&2
  fi
}

own=$(ls sidecar/target/selvage-sidecar-*.jar)
IFS=: read -ra jars <<<"$(<sidecar/target/runtime-classpath)"
used=("$own")
init=("$own")
for jar in "${jars[@]}"; do
  if ! unused "$jar"; then
    used+=("$jar")
  fi
  case ${jar##*/} in selvage-model-*) init+=("$jar") ;; esac
done

gather sidecar/target/init "${init[@]}"
if [[ -n $CHANGED ]]; then
  rm -f sidecar/target/init/selvage.aot
fi
if [[ ${1:-build} == build && ! -e sidecar/target/init/selvage.aot ]]; then
  train sidecar/target/init sidecar/target/init-training.log "${INIT_JVM_FLAGS[@]}" -- \
    io.selvage.sidecar.init.ProxyInitMain --dry-run --skip-inbound-ports=25,4000-4100 --skip-subnets=10.0.0.0/8
fi

gather sidecar/target/dist "${used[@]}"
if [[ -n $CHANGED ]]; then
  rm -f sidecar/target/dist/selvage.aot
fi
touch sidecar/target/dist/stamp
