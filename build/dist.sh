#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build/dist.sh build|skip: gathers the jars of the command line under cli/target/dist/lib and, on `build`,
# makes the JVM's ahead-of-time cache beside them. Run at the package phase of cli.
set -euo pipefail
cd "$(dirname "$0")/.."
source build/java25.sh
source build/gather.sh

dist=cli/target/dist
IFS=: read -ra jars <<<"$(<cli/target/runtime-classpath)"
gather "$dist" cli/target/selvage-cli-*.jar "${jars[@]}"

# A cache made for other jars is refused by the JVM, so none is better than an old one.
if [[ -n $CHANGED || build/training.txt -nt $dist/selvage.aot ]]; then
  rm -f "$dist/selvage.aot"
fi
if [[ ${1:-build} == build && ! -e $dist/selvage.aot ]]; then
  source build/jvm.sh
  if ! "$JAVA25/bin/java" "${JVM_FLAGS[@]}" -XX:AOTCacheOutput="$dist/selvage.aot" -cp "$(dist_classpath "$dist")" \
    io.selvage.cli.training.AotTraining build/training.txt >cli/target/aot-training.log 2>&1; then
    rm -f "$dist/selvage.aot"
    echo "selvage: the ahead-of-time training run failed (see cli/target/aot-training.log): commands will start slower" >&2
  fi
fi

# The sidecar learns from traffic, which takes a control plane.
if [[ ${1:-build} == build && ! -e sidecar/target/dist/selvage.aot ]]; then
  source build/jvm.sh
  sidecar=sidecar/target/dist
  if ! "$JAVA25/bin/java" "${JVM_FLAGS[@]}" -cp "$(dist_classpath "$dist")" io.selvage.cli.training.SidecarTraining \
    env "${SIDECAR_ENVIRONMENT[@]}" "$JAVA25/bin/java" "${SIDECAR_JVM_FLAGS[@]}" \
    -Djava.library.path="$PWD/$sidecar/native" -XX:AOTCacheOutput="$sidecar/selvage.aot" \
    -cp "$(dist_classpath "$sidecar")" io.selvage.sidecar.SidecarMain >cli/target/sidecar-training.log 2>&1; then
    rm -f "$sidecar/selvage.aot"
    echo "selvage: the sidecar's training run failed (see cli/target/sidecar-training.log): it will start slower" >&2
  fi
fi
touch "$dist/stamp"
