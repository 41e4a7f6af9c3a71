#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build/images.sh VERSION build|skip LOCAL_REPOSITORY [COMPONENT...]: makes an OCI archive of each component, or of those
# named, as target/images/COMPONENT.tar, with its SBOM beside it. Needs no container engine and no image to start from:
# an image holds a linked JDK runtime, the shared libraries of this machine that it needs, the component's jars and, on
# `build`, an ahead-of-time cache made for exactly these. Run at the package phase of cli under the profile `images`.
set -euo pipefail
cd "$(dirname "$0")/.."
source build/java25.sh
source build/jvm.sh
source build/image/components.sh
source build/image/system.sh
source build/image/cache.sh
source build/image/sbom.sh
source build/image/oci.sh

version=$1
aot=$2
repository=$3
shift 3
images=target/images
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
# Of every file and of the image itself: the same sources give the same image.
epoch=$(date -u -d "${SOURCE_DATE:-2026-01-01T00:00:00Z}" +%s)
# Of an image as it is kept and sent, in bytes.
limit=130000000
umask 022
export LC_ALL=C TZ=UTC
for program in unzip strip; do
  if ! command -v "$program" >/dev/null; then
    echo "selvage: images need $program (package ${program/strip/binutils})" >&2
    exit 1
  fi
done

for component in gateway control-plane injector-webhook cli; do
  if [[ ! -s $component/target/runtime-classpath ]]; then
    echo "selvage: $component/target/runtime-classpath is missing: run \`mvn -Pimages package\`, of all modules" >&2
    exit 1
  fi
done

mkdir -p "$images"
make_base "$images/base"
for component in "${@:-${COMPONENTS[@]}}"; do
  image=$images/$component
  root=$image/root
  rm -rf "$root"
  mkdir -p "$image"
  cp -al "$images/base/root" "$root"
  make_component "$component" "$root"
  sbom "$component" "$image/sbom.cdx.json"
  cp "$image/sbom.cdx.json" "$root/opt/selvage/sbom.cdx.json"
  find "$root" -exec touch -h -d "@$epoch" {} +
  make_cache "$component" "$image" "$aot"
  pack "$component" "$image"
done
report "${@:-${COMPONENTS[@]}}"
