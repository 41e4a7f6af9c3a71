# SPDX-License-Identifier: Apache-2.0
# Sourced by build/images.sh: writes images by the OCI image specification 1.1 (layout, manifest, configuration), with
# nothing in them that depends on when and where they are written.

# pack COMPONENT IMAGE: makes IMAGE.tar of IMAGE/root, in layers from what changes least to what changes most.
pack() {
  local component=$1 image=$2 out=$2/layout name config manifest created labels
  rm -rf "$out"
  mkdir -p "$out/blobs/sha256"
  if [[ ! -e $images/base/layer.diff ]]; then
    paths "$images/base/root" | layer "$images/base/root" "$images/base/layer"
  fi
  paths "$image/root" | grep -vxFf <(paths "$images/base/root") >"$image/paths"
  own='opt/selvage/(lib/selvage-.*|command|sbom\.cdx\.json)'
  grep -vxE "$own|opt/selvage/selvage\.aot" "$image/paths" | layer "$image/root" "$image/libraries"
  grep -xE "$own" "$image/paths" | layer "$image/root" "$image/component"
  LAYERS=() DIFFS=() SIZE=0
  for name in "$images/base/layer" "$image/libraries" "$image/component"; do
    use_layer "$out" "$name"
  done
  if [[ -e $image/root/opt/selvage/selvage.aot ]]; then
    echo opt/selvage/selvage.aot | layer "$image/root" "$image/cache"
    use_layer "$out" "$image/cache"
  fi

  created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)
  labels=$(
    join "$(label title "selvage/$component")" "$(label description "$(describe "$component")")" \
      "$(label version "$version")" "$(label revision "$revision")" "$(label created "$created")" \
      "$(label licenses Apache-2.0)" "$(label vendor Selvage)"
  )
  config=$(
    printf '{"created":"%s","architecture":"%s","os":"linux","config":{"User":"%s:%s","Env":[%s],' \
      "$created" "$(architecture)" "$(uid "$component")" "$(uid "$component")" "$(environment "$component" | sed 's/.*/"&"/' | paste -sd,)"
    printf '"Entrypoint":["%s/runtime/bin/java","@%s/command"],"Cmd":["%s"],"WorkingDir":"/","StopSignal":"SIGTERM","Labels":{%s}},' \
      "$HOME_IN_IMAGE" "$HOME_IN_IMAGE" "$(subcommand "$component")" "$labels"
    printf '"rootfs":{"type":"layers","diff_ids":[%s]},' "$(join "${DIFFS[@]}")"
    printf '"history":[%s]}' "$(join "${DIFFS[@]/*/$(printf '{"created":"%s","created_by":"build/images.sh"}' "$created")}")"
  )
  config=$(blob "$out" application/vnd.oci.image.config.v1+json "$config")
  manifest=$(
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s],"annotations":{%s}}' \
      "$config" "$(join "${LAYERS[@]}")" "$labels"
  )
  manifest=$(blob "$out" application/vnd.oci.image.manifest.v1+json "$manifest")
  # Engines take an archive's name from one of these two.
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s,"annotations":{"org.opencontainers.image.ref.name":"%s","io.containerd.image.name":"%s"}}]}' \
    "${manifest%\}}" "selvage/$component:$version" "selvage/$component:$version" >"$out/index.json"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$out/oci-layout"
  paths "$out" | archive "$out" "$image.tar"
  grep -oE 'sha256:[0-9a-f]+' <<<"$manifest" >"$image.digest"
  echo "$SIZE" >"$image/size"
  cp "$image/sbom.cdx.json" "$image.cdx.json"
  rm -rf "$out"
}

# paths DIR: all that is below it.
paths() {
  (cd "$1" && find . -mindepth 1 | sed 's|^\./||' | sort)
}

# archive DIR TAR: the paths on standard input, each with the same owner and time and no more rights than it needs.
archive() {
  tar -C "$1" --format=gnu --no-recursion --numeric-owner --owner=0 --group=0 --mtime="@$epoch" \
    --hard-dereference --mode=u+rwX,go+rX,go-w -cf "$2" -T -
}

# layer ROOT NAME: makes NAME.tar.gz of the paths on standard input, and NAME.diff with digest and size of it unpacked.
layer() {
  archive "$1" "$2.tar"
  echo "$(digest "$2.tar") $(stat -c %s "$2.tar")" >"$2.diff"
  gzip -n -6 <"$2.tar" >"$2.tar.gz"
  rm "$2.tar"
}

# use_layer LAYOUT NAME: puts a layer into an image.
use_layer() {
  local hash diff size
  hash=$(digest "$2.tar.gz")
  read -r diff size <"$2.diff"
  ln -f "$2.tar.gz" "$1/blobs/sha256/${hash#*:}"
  LAYERS+=("$(descriptor application/vnd.oci.image.layer.v1.tar+gzip "$hash" "$(stat -c %s "$2.tar.gz")")")
  DIFFS+=("\"$diff\"")
  SIZE=$((SIZE + size))
}

# blob LAYOUT TYPE TEXT: writes a blob and prints its descriptor.
blob() {
  local hash
  hash=$(printf %s "$3" | sha256sum | cut -d' ' -f1)
  printf %s "$3" >"$1/blobs/sha256/$hash"
  descriptor "$2" "sha256:$hash" "$(stat -c %s "$1/blobs/sha256/$hash")"
}

descriptor() {
  printf '{"mediaType":"%s","digest":"%s","size":%s}' "$@"
}

digest() {
  echo "sha256:$(sha256sum "$1" | cut -d' ' -f1)"
}

label() {
  printf '"org.opencontainers.image.%s":"%s"' "$1" "$2"
}

join() {
  local IFS=,
  echo "$*"
}

# architecture: as the specification calls it.
architecture() {
  case $(uname -m) in
  x86_64) echo amd64 ;;
  aarch64) echo arm64 ;;
  *) uname -m ;;
  esac
}

# report COMPONENT...: one line an image; fails if one is larger than it may be.
report() {
  local component packed ok=1
  printf '%-18s %11s %11s  %s\n' image unpacked packed digest
  for component in "$@"; do
    packed=$(stat -c %s "$images/$component.tar")
    printf '%-18s %8s MB %8s MB  %s\n' "$component" "$(($(<"$images/$component/size") / 1000000))" \
      "$((packed / 1000000))" "$(<"$images/$component.digest")"
    if ((packed > limit)); then
      echo "selvage: the image of $component has $packed bytes, more than $limit" >&2
      ok=
    fi
  done
  [[ -n $ok ]]
}
