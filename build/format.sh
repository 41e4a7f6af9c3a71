#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# google-java-format over the repository's Java files, and the licence line on top of each.
#   build/format.sh apply   rewrites the files that differ from the last commit (outside a git clone: all)
#   build/format.sh all     rewrites every file
#   build/format.sh check   names the files that differ and fails; CI=true in the environment always means check
# The formatter's jars are fetched to target/tools by the root pom.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-apply}
if [[ ${CI:-} == true ]]; then
  mode=check
fi
source build/java25.sh

all_files() {
  find . -name '*.java' -path './*/src/*' -not -path '*/target/*'
}
changed_files() {
  { git diff --name-only --diff-filter=d HEAD -- '*.java' && git ls-files --others --exclude-standard -- '*.java'; } 2>/dev/null ||
    all_files
}

case $mode in
apply) mapfile -t files < <(changed_files | LC_ALL=C sort) ;;
all | check) mapfile -t files < <(all_files | LC_ALL=C sort) ;;
*)
  echo "selvage: -Dformat=$mode is not one of apply, all, check" >&2
  exit 2
  ;;
esac
if ((${#files[@]} == 0)); then
  exit 0
fi
header='// SPDX-License-Identifier: Apache-2.0'
mapfile -t bare < <(awk -v header="$header" 'FNR == 1 && $0 != header { print FILENAME } { nextfile }' "${files[@]}")
exports=()
for package in api code file parser tree util; do
  exports+=(--add-exports "jdk.compiler/com.sun.tools.javac.$package=ALL-UNNAMED")
done
format() {
  "$JAVA25/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --sun-misc-unsafe-memory-access=allow "${exports[@]}" \
    -cp 'target/tools/*' com.google.googlejavaformat.java.Main "$@" "${files[@]}"
}

if [[ $mode == check ]]; then
  ok=1
  if ((${#bare[@]} > 0)); then
    printf '%s\n' "${bare[@]}"
    echo "selvage: the files above do not begin with \`$header\`." >&2
    ok=
  fi
  if ! format --dry-run --set-exit-if-changed; then
    echo "selvage: the files above are not formatted: run \`mvn validate -Dformat=all\` and commit the result." >&2
    ok=
  fi
  [[ -n $ok ]]
else
  if ((${#bare[@]} > 0)); then
    sed -i "1i $header" "${bare[@]}"
  fi
  # A file that does not parse is left to the compiler, which says more about it.
  format --replace || true
fi
