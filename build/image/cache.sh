# SPDX-License-Identifier: Apache-2.0
# Sourced by build/images.sh: the ahead-of-time cache of an image.

# make_cache COMPONENT IMAGE build|skip: makes IMAGE/root/opt/selvage/selvage.aot by a short life of the component on the
# image's own runtime and jars. A run is never quite like another, so a cache is kept for as long as what it was made
# from is the same: that is what makes the whole image the same again.
make_cache() {
  local component=$1 image=$2 home=$2/root$HOME_IN_IMAGE inputs
  if [[ $3 != build ]]; then
    return
  fi
  inputs=$(cd "$image/root" && find . -type f ! -name sbom.cdx.json -exec sha256sum {} + | sort -k2 | sha256sum)
  if [[ ! -e $image/selvage.aot || ! -e $image/inputs || $(<"$image/inputs") != "$inputs" ]]; then
    rm -f "$image/selvage.aot" "$image/inputs"
    echo "selvage: training $component" >&2
    if ! train_component "$component" "$image" "$(readlink -f "$home")" >"$image/training.log" 2>&1; then
      echo "selvage: the training run of $component failed (see $image/training.log)" >&2
      return 1
    fi
    mv "$home/selvage.aot" "$image/selvage.aot"
    echo "$inputs" >"$image/inputs"
  fi
  cp "$image/selvage.aot" "$home/selvage.aot"
  chmod 644 "$home/selvage.aot"
  touch -d "@$epoch" "$home/selvage.aot"
  touch -d "@$epoch" "$home"
}

train_component() {
  local component=$1 image=$2 home=$3 trainer line=() option
  # The image's own command line, where it lies now, with the cache as output. The JVM lets jars and runtime move
  # together.
  while read -r option; do
    case $option in
    -Xlog:*) continue ;;
    -XX:AOTCache=*) option=-XX:AOTCacheOutput=$home/selvage.aot ;;
    io.selvage.sidecar.PodMain) option=io.selvage.sidecar.PodTraining ;;
    *) option=${option//"$HOME_IN_IMAGE"/"$home"} ;;
    esac
    line+=("$option")
  done <"$home/command"
  mapfile -t variables < <(environment "$component" | grep -v ^PATH=)
  case $component in
  sidecar) trainer=(io.selvage.cli.training.SidecarTraining) ;;
  *) trainer=(io.selvage.cli.training.ComponentTraining "$(subcommand "$component")") ;;
  esac
  timeout 600 "$JAVA25/bin/java" "${JVM_FLAGS[@]}" -cp "$(dist_classpath cli/target/dist)" "${trainer[@]}" \
    env "${variables[@]}" "$home/runtime/bin/java" "${line[@]}" &&
    [[ -s $home/selvage.aot ]]
}
