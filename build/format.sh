#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# google-java-format over the repository's Java files.
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
options=(--replace)
if [[ $mode == check ]]; then
  options=(--dry-run --set-exit-if-changed)
fi
exports=()
for package in api code file parser tree util; do
  exports+=(--add-exports "jdk.compiler/com.sun.tools.javac.$package=ALL-UNNAMED")
done
if ! "$JAVA25/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --sun-misc-unsafe-memory-access=allow "${exports[@]}" \
  -cp 'target/tools/*' com.google.googlejavaformat.java.Main "${options[@]}" "${files[@]}"; then
  if [[ $mode == check ]]; then
    echo "selvage: the files named above are not formatted: run \`mvn validate -Dformat=all\` and commit the result." >&2
  fi
  exit 1
fi
