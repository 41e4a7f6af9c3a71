# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts that make a distribution.

# gather DIST JAR...: makes DIST/lib hold exactly these jars, fit for the ahead-of-time cache. Sets CHANGED to 1 where that
# changed anything. Needs build/java25.sh.
gather() {
  local dist=$1 jar name
  shift
  local -A wanted=()
  CHANGED=
  mkdir -p "$dist/lib"
  for jar in "$@"; do
    name=${jar##*/}
    wanted[$name]=1
    if [[ ! -e $dist/lib/$name || $jar -nt $dist/lib/$name ]]; then
      # A new file under the old name: a running process keeps the jar it opened.
      cp --preserve=timestamps "$jar" "$dist/lib/.$name" && mv "$dist/lib/.$name" "$dist/lib/$name"
      CHANGED=1
    fi
  done
  rm -f "$dist"/lib/.*.jar "$dist"/lib/.*.jar.new
  for jar in "$dist"/lib/*.jar; do
    if [[ -z ${wanted[${jar##*/}]:-} ]]; then
      rm "$jar"
      CHANGED=1
    fi
  done
  # The marker comes last: whatever was interrupted is done again.
  if [[ -n $CHANGED || ! -e $dist/archivable || build/ArchivableJars.java -nt $dist/archivable ]]; then
    rm -f "$dist/archivable"
    TZ=UTC "$JAVA25/bin/java" build/ArchivableJars.java "$dist/lib"
    touch "$dist/archivable"
    CHANGED=1
  fi
}
