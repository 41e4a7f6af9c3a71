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
# expressions, JSON, Vert.x, names looked up in DNS and io_uring are the gateway's; codecs are our own; certificates are
# issued elsewhere, and requests for them need no library.
unused() {
  case ${1##*/} in
  vertx-core-* | netty-codec-http-* | netty-codec-http2-* | netty-codec-compression-* | netty-codec-dns-*) ;;
  netty-resolver-dns-* | netty-transport-classes-io_uring-*) ;;
  micrometer-* | prometheus-metrics-* | opentelemetry-* | HdrHistogram-* | LatencyUtils-* | re2j-*) ;;
  vertx-web-* | vertx-auth-* | vertx-bridge-* | vertx-uri-* | jackson-*) ;;
  bcpkix-* | bcprov-* | bcutil-*) ;;
  *-native-io_uring-* | *-linux-x86_64.jar | *-linux-aarch_64.jar | netty-codec-haproxy-* | netty-codec-socks-* | netty-handler-proxy-*) ;;
  netty-codec-http3-* | netty-codec-classes-quic-* | netty-codec-native-quic-* | jspecify-*) ;;
  *) return 1 ;;
  esac
}

# Whether a jar is nothing but native libraries for this machine.
native() {
  local machine
  machine=$(uname -m)
  [[ $1 == *-linux-"${machine/aarch64/aarch_64}".jar ]]
}

# gather_natives DIST JAR...: makes DIST/native hold the libraries of these jars, and DIST/native/lib the jars. Netty
# would unpack them into the temporary folder at each start, which takes time and gives each process pages of its own.
gather_natives() {
  local dist=$1 jar
  shift
  gather "$dist/native" "$@"
  if [[ -n $CHANGED ]]; then
    rm -rf "$dist"/native/*.so "$dist/native/META-INF"
    for jar in "$@"; do
      (cd "$dist/native" && "$JAVA25/bin/jar" -xf "lib/${jar##*/}" META-INF/native)
    done
    mv "$dist"/native/META-INF/native/*.so "$dist/native/"
    rm -r "$dist/native/META-INF"
  fi
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
natives=()
init=("$own")
for jar in "${jars[@]}"; do
  if native "$jar" && [[ $jar != *io_uring* ]]; then
    natives+=("$jar")
  elif ! unused "$jar"; then
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
changed=$CHANGED
gather_natives sidecar/target/dist "${natives[@]}"
if [[ -n $changed$CHANGED ]]; then
  rm -f sidecar/target/dist/selvage.aot
fi
touch sidecar/target/dist/stamp
