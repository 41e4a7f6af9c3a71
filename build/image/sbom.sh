# SPDX-License-Identifier: Apache-2.0
# Sourced by build/images.sh: what an image is made of, as CycloneDX 1.6.

# sbom COMPONENT FILE: of the jars, the JDK and the packages of this machine's system.
sbom() {
  local component=$1 file=$2 image=$images/$1 jar entries=()
  while read -r jar; do
    entries+=("$(jar_entry "$jar")")
  done <"$image/jars"
  entries+=("$(jdk_entry)")
  mapfile -t -O "${#entries[@]}" entries < <(package_entries "$image/root")
  {
    printf '{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,'
    printf '"metadata":{"timestamp":"%s","component":{"type":"container","bom-ref":"image","name":"selvage/%s","version":"%s",' \
      "$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" "$component" "$version"
    printf '"licenses":[{"license":{"id":"Apache-2.0"}}]}},\n"components":[\n'
    local IFS=$'\n'
    sed '$!s/$/,/' <<<"${entries[*]}"
    printf ']}\n'
  } >"$file"
}

# jar_entry JAR: its coordinates are its place in the local repository, or our own.
jar_entry() {
  local jar=$1 source group artifact number classifier= hash
  hash=$(sha256sum "$jar" | cut -d' ' -f1)
  source=$(find_in_repository "${jar##*/}")
  if [[ -n $source ]]; then
    source=${source#"$repository"/}
    group=${source%/*/*/*}
    group=${group//\//.}
    number=${source%/*}
    artifact=${number%/*}
    artifact=${artifact##*/}
    number=${number##*/}
    classifier=${source##*/"$artifact-$number"}
    classifier=${classifier%.jar}
    classifier=${classifier#-}
  else
    group=io.selvage
    artifact=${jar##*/selvage-}
    artifact=${artifact%-"$version".jar}
    number=$version
  fi
  printf '{"type":"library","bom-ref":"%s","group":"%s","name":"%s","version":"%s","purl":"pkg:maven/%s/%s@%s?%stype=jar","hashes":[{"alg":"SHA-256","content":"%s"}]}\n' \
    "${jar##*/}" "$group" "$artifact" "$number" "$group" "$artifact" "$number" "${classifier:+classifier=$classifier&}" "$hash"
}

# find_in_repository NAME: where the build took a jar from; nothing for our own.
find_in_repository() {
  tr : '\n' <cli/target/runtime-classpath | grep -m1 -F "/$1" | grep -F "$repository/" || true
}

jdk_entry() {
  local JAVA_VERSION='' IMPLEMENTOR='' JAVA_RUNTIME_VERSION=''
  # shellcheck disable=SC1091 # lines of NAME="value"
  source "$JAVA25/release"
  printf '{"type":"framework","bom-ref":"jdk","name":"openjdk","publisher":"%s","version":"%s","purl":"pkg:generic/openjdk@%s"}\n' \
    "$IMPLEMENTOR" "$JAVA_RUNTIME_VERSION" "${JAVA_RUNTIME_VERSION/+/%2B}"
}

# package_entries ROOT: the packages whose files were copied, by the licences that came with them.
package_entries() {
  local file name number distribution
  distribution=$(. /etc/os-release && echo "$ID")
  for file in "$1"/usr/share/doc/*/copyright; do
    if [[ -e $file ]]; then
      name=$(basename "$(dirname "$file")")
      # shellcheck disable=SC2016 # dpkg's own variable
      number=$(dpkg-query -W -f '${Version}' "$name" 2>/dev/null || true)
      printf '{"type":"library","bom-ref":"deb-%s","name":"%s","version":"%s","purl":"pkg:deb/%s/%s@%s?arch=%s"}\n' \
        "$name" "$name" "$number" "$distribution" "$name" "${number//+/%2B}" "$(dpkg --print-architecture)"
    fi
  done
}
