# SPDX-License-Identifier: Apache-2.0
# Sourced by ./mesh and by build/dist.sh: an ahead-of-time cache is only valid for the flags and the class path
# it was made with, so both take them from here.
JVM_FLAGS=(
  --enable-native-access=ALL-UNNAMED
  --sun-misc-unsafe-memory-access=allow
  -XX:+UseSerialGC
)

# dist_classpath DIR: every jar of DIR/lib in one fixed order.
dist_classpath() {
  local LC_ALL=C jars
  jars=("$1"/lib/*.jar)
  local IFS=:
  echo "${jars[*]}"
}
